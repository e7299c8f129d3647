"""Rules across two fields as the studio's page reads them: the catalogue's own lines as data, with one sentence each.

static/js/studio.js judges by this data while somebody chooses; what counts is Entry.validate, and both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from generations.catalog.base import Entry
from generations.catalog.rules import Rule
from project.errors import FieldError


def as_data(entry: Entry, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A model's rules for the page: `when`, `values` (none: given at all), `then`, the bound as one of `allowed`,
    `items` (least and most) and `maximum`, and `words`, what a person is told."""
    return [
        {
            "when": rule.when,
            "values": list(rule.values),
            "then": rule.then,
            "allowed": list(rule.allowed),
            "items": list(rule.items) if rule.items is not None else None,
            "maximum": rule.maximum,
            "words": in_words(rule, schema),
        }
        for rule in entry.rules
    ]


def in_words(rule: Rule, schema: Mapping[str, Any]) -> str:
    """`Seconds must be 6 when Resolution is 1080P`: the rule with fields and values as the form calls them."""
    when, then = schema["properties"][rule.when], schema["properties"][rule.then]
    case = f"is {_either(when, rule.values)}" if rule.values else "is given"
    if rule.items is not None:
        least, most = rule.items
        count = str(least) if least == most else f"{least} to {most}" if most - least > 1 else f"{least} or {most}"
        bound = f": {count} {'is' if most == 1 else 'are'} needed" if most else " must be empty"
    elif rule.maximum is not None:
        bound = f" must be at most {rule.maximum}"
    else:
        bound = f" must be {_either(then, rule.allowed)}"
    return f"{then['title']}{bound} when {when['title']} {case}"


def told(faults: Iterable[FieldError], entry: Entry, schema: Mapping[str, Any]) -> list[FieldError]:
    """The faults with broken rules said in the page's words; every other one as it stands. Paths below `input` or not:
    a rule is known by its sentence."""
    words = {rule.message: in_words(rule, schema) for rule in entry.rules}
    return [replace(fault, message=words.get(fault.message, fault.message)) for fault in faults]


def lacking(faults: Sequence[FieldError], entry: Entry, data: Mapping[str, Any]) -> list[str]:
    """The list fields that are too short only because of a rule: still to be filled, so no mistake yet."""
    broken = {fault.message for fault in faults if fault.code == "conflict"}
    return [
        rule.then
        for rule in entry.rules
        if rule.message in broken and rule.items is not None and len(data.get(rule.then, [])) < rule.items[0]
    ]


def _either(field: Mapping[str, Any], values: Sequence[str]) -> str:
    labels = field.get("x-labels", {})
    return " or ".join(labels.get(value, value) for value in values)
