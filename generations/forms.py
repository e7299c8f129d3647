"""The studio's form, made from a model's JSON Schema: what a page shows, and what a submitted form says.

Nothing is judged here: text that is no number stays text, and the catalogue says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict

from project.errors import FieldError

SEGMENTS = 5  # more choices than this become a select
FINE = 20  # a whole number with at most so many steps is a slider
AUTOMATIC = "Automatic"  # a choice that is left out
OPEN_SLOTS = 2  # of so few image slots all are shown; of more, the next empty one
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)

Pick = Callable[[str], str]  # the address or upload id of one image slot, by its form name; "" when empty


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Preview:
    """A stored upload as a form shows it: its address, and until when it is kept unless it is used."""

    url: str
    kept_until: datetime


@dataclass(frozen=True)
class Slot:
    """One place for an image: a file, an https address or an upload id."""

    name: str
    label: str
    value: str
    preview: Preview | None = None
    errors: Sequence[str] = ()


@dataclass(frozen=True)
class Control:
    """One field as the page shows it. `kind`: textarea, line, segmented, select, number, slider, switch, images."""

    name: str
    kind: str
    title: str
    help: str
    required: bool
    optional: bool = False  # may be left out, and nothing stands for it then
    value: str = ""
    checked: bool = False
    options: Sequence[Option] = ()
    slots: Sequence[Slot] = ()
    folded: Sequence[Slot] = ()
    errors: Sequence[str] = ()
    bounds: Mapping[str, Any] = field(default_factory=dict)  # minimum, maximum, step, most
    many: bool = False  # a list of images, in an order

    @property
    def all_slots(self) -> Sequence[Slot]:
        """Those that are shown and those that are folded away."""
        return [*self.slots, *self.folded]

    @property
    def first_id(self) -> str:
        """The id of the element that an error's link leads to."""
        return f"f-{self.slots[0].name if self.slots else self.name}"


def read(schema: Mapping[str, Any], post: QueryDict, *, pick: Pick) -> dict[str, Any]:
    """The model's input that a submitted form says, as JSON values. Empty fields are left out; `pick` gives images."""
    data: dict[str, Any] = {}
    for name, rule in schema["properties"].items():
        value = _read(name, rule, post, pick)
        if value != "" and value != []:
            data[name] = value
    return data


def _read(name: str, rule: Mapping[str, Any], post: QueryDict, pick: Pick) -> Any:
    if rule["type"] == "array":
        return [value for place in range(rule["maxItems"]) if (value := pick(f"{name}.{place}"))]
    if rule.get("x-image"):
        return pick(name)
    if rule["type"] == "boolean":
        return name in post
    text = post.get(name, "").replace("\r\n", "\n")
    if rule["type"] == "integer" and _WHOLE.fullmatch(text.strip()):
        return int(text)
    if rule["type"] == "number" and _DECIMAL.fullmatch(text.strip()):
        return float(text)
    return text


def controls(
    schema: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    errors: Sequence[FieldError] = (),
    previews: Mapping[str, Preview] | None = None,
) -> list[Control]:
    """The form's fields with `values` (or defaults) in them, each with its errors.

    `errors` have paths relative to the input; `previews` are by upload id."""
    return [
        _control(name, rule, values, required=name in schema["required"], errors=errors, previews=previews or {})
        for name, rule in schema["properties"].items()
    ]


def _control(
    name: str,
    rule: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    required: bool,
    errors: Sequence[FieldError],
    previews: Mapping[str, Preview],
) -> Control:
    value = values.get(name, rule.get("default"))
    own = [_words(error, rule["title"]) for error in errors if error.path == name]
    plain: dict[str, Any] = {
        "name": name,
        "title": rule["title"],
        "help": rule.get("description", ""),
        "required": required,
        "optional": not required and not rule.get("default") and rule.get("default") is not False,
        "errors": own,
    }
    if rule["type"] == "array" or rule.get("x-image"):
        slots = _slots(name, rule, value, errors, previews)
        shown = len(slots) if len(slots) <= OPEN_SLOTS else len(value or []) + 1
        return Control(kind="images", slots=slots[:shown], folded=slots[shown:], many=len(slots) > 1, **plain)
    if rule["type"] == "boolean":
        return Control(kind="switch", checked=value is True, **plain)
    if "enum" in rule:
        if plain["optional"]:
            plain["help"] = _as_labelled(rule, plain["help"])
        return Control(kind=_choice_kind(rule), options=_options(rule, value, required=required), **plain)
    text = "" if value is None else str(value)
    if rule["type"] in ("integer", "number"):
        kind = "slider" if _slides(rule) else "number"
        bounds = {
            "minimum": rule.get("minimum"),
            "maximum": rule.get("maximum"),
            "step": rule.get("multipleOf", 1 if rule["type"] == "integer" else 0.01),
        }
        return Control(kind=kind, value=text, bounds=bounds, **plain)
    kind = "textarea" if rule["x-control"] == "textarea" else "line"
    return Control(kind=kind, value=text, bounds={"most": rule.get("maxLength")}, **plain)


def _slots(
    name: str, rule: Mapping[str, Any], value: Any, errors: Sequence[FieldError], previews: Mapping[str, Preview]
) -> list[Slot]:
    if rule["type"] == "string":
        text = str(value or "")
        return [Slot(name, rule["title"], text, previews.get(text))]
    given = list(value or [])
    slots = []
    for place in range(rule["maxItems"]):
        path, label = f"{name}.{place}", f"Image {place + 1}"
        text = given[place] if place < len(given) else ""
        found = [_words(error, label) for error in errors if error.path == path]
        slots.append(Slot(path, label, text, previews.get(text), found))
    return slots


def _choice_kind(rule: Mapping[str, Any]) -> str:
    return "segmented" if len(rule["enum"]) <= SEGMENTS else "select"


def _slides(rule: Mapping[str, Any]) -> bool:
    """Whether a number is chosen along its range: one that has both ends, a default, and not too many steps."""
    if rule["x-control"] == "slider":
        return True
    ends = "default" in rule and "minimum" in rule and "maximum" in rule
    return ends and rule["maximum"] - rule["minimum"] <= FINE


def _options(rule: Mapping[str, Any], value: Any, *, required: bool) -> list[Option]:
    labels = rule.get("x-labels", {})
    options = [Option(word, labels.get(word, word), word == value) for word in rule["enum"]]
    if "default" not in rule and not required:
        options.insert(0, Option("", AUTOMATIC, value is None))
    return options


def _as_labelled(rule: Mapping[str, Any], text: str) -> str:
    """The help of a choice that may be left out, with the words of the page for those of the API."""
    labels = rule.get("x-labels", {})
    for value in sorted(labels, key=len, reverse=True):
        text = text.replace(value, labels[value])
    return text.replace("Left out:", f"{AUTOMATIC}:")


def _words(error: FieldError, title: str) -> str:
    """An error's message with the field called as the page calls it."""
    if error.message.startswith(f"{error.path} "):
        return title + error.message[len(error.path) :]
    return error.message[:1].upper() + error.message[1:]


def relative(errors: Iterable[FieldError]) -> list[FieldError]:
    """Errors of a request with paths below `input` made relative to the input, as controls take them."""
    return [FieldError(e.path.removeprefix("input").removeprefix("."), e.message, e.code) for e in errors]


def unplaced(errors: Sequence[FieldError], schema: Mapping[str, Any]) -> list[str]:
    """The messages that belong to no field of the form."""
    return [error.message for error in errors if error.path.partition(".")[0] not in schema["properties"]]


def named(errors: Sequence[FieldError], schema: Mapping[str, Any]) -> list[str]:
    """All messages in the page's words, in the order of the form."""
    words = []
    for name, rule in schema["properties"].items():
        words += [_words(error, rule["title"]) for error in errors if error.path == name]
        for error in errors:
            head, _, place = error.path.partition(".")
            if head == name and place.isdigit():
                words.append(_words(error, f"Image {int(place) + 1}"))
    return words + unplaced(errors, schema)


def image_ids(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Every upload id that stands in an image field."""
    found: list[str] = []
    for name, rule in schema["properties"].items():
        if rule.get("x-image") or rule.get("items", {}).get("x-image"):
            value = values.get(name) or []
            found += [value] if isinstance(value, str) else value
    return [text for text in found if isinstance(text, str) and text.startswith("upl_")]
