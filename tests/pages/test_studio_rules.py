"""Rules between fields: what the page's script judges by is what the catalogue judges by, and no rule is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.test import Client

from generations import catalog, studio_rules
from generations.catalog import Entry
from generations.catalog.base import InputError
from tests.pages.parsing import Page, read

IMAGE = "https://img.example/a.png"
SLUGS = list(catalog.ENTRIES)
RULED = [slug for slug, entry in catalog.ENTRIES.items() if entry.rules]


def rules_of(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(page.one("script", id="rules").text)
    return found


def forms_of(entry: Entry) -> Iterator[dict[str, Any]]:
    """Every combination of what rules look at, as the form has it: choices left out or chosen, lists of each length,
    images there or not, numbers at their ends."""
    schema = entry.json_schema()
    names = sorted({name for rule in entry.rules for name in (rule.when, rule.then)})
    choices: list[list[Any]] = []
    for name in names:
        rule = schema["properties"][name]
        if "enum" in rule:
            choices.append([*rule["enum"]] if "default" in rule else [None, *rule["enum"]])
        elif rule["type"] == "array":
            choices.append([[IMAGE] * count for count in range(rule["maxItems"] + 1)])
        elif rule.get("x-image"):
            choices.append([None, IMAGE])
        else:
            choices.append(list(range(rule["minimum"], rule["maximum"] + 1)))
    rest = {name: value for name, value in entry.example.items() if name not in names}
    for picked in product(*choices):
        yield rest | {name: value for name, value in zip(names, picked, strict=True) if value is not None}


def broken_on_the_page(rules: list[dict[str, Any]], form: dict[str, Any]) -> set[tuple[str, str]]:
    """As static/js/studio.js: the fields that a rule refuses, with its words."""
    found = set()
    for rule in rules:
        given = form.get(rule["when"])
        if not (given in rule["values"] if rule["values"] else given):
            continue
        value = form.get(rule["then"])
        if rule["items"] is not None:
            wrong = not rule["items"][0] <= len(value or []) <= rule["items"][1]
        elif rule["maximum"] is not None:
            wrong = value is not None and value > rule["maximum"]
        else:
            wrong = value is not None and value not in rule["allowed"]
        if wrong:
            found.add((rule["then"], rule["words"]))
    return found


@pytest.mark.parametrize("slug", RULED)
def test_page_and_catalogue_judge_every_combination_alike(alice: Client, slug: str) -> None:
    entry = catalog.get(slug)
    schema, rules = entry.json_schema(), rules_of(read(alice.get(f"/studio/{slug}")))
    judged = set()
    for form in forms_of(entry):
        try:
            entry.validate(form)
            faults = []
        except InputError as error:
            faults = studio_rules.told(error.errors, entry, schema)
        told = {(fault.path, fault.message) for fault in faults}
        assert told == broken_on_the_page(rules, form), form
        judged |= told
    assert judged == {(rule["then"], rule["words"]) for rule in rules}, "each rule bites in some combination"


@pytest.mark.parametrize("slug", SLUGS)
def test_the_page_knows_exactly_the_rules_that_are_published(alice: Client, slug: str) -> None:
    published = catalog.get(slug).json_schema().get("allOf", [])
    rules = rules_of(read(alice.get(f"/studio/{slug}")))
    assert len(rules) == len(published)
    for rule, public in zip(rules, published, strict=True):
        (when, condition), (then, bound) = (*public["if"]["properties"].items(), *public["then"]["properties"].items())
        assert (rule["when"], rule["then"]) == (when, then)
        assert condition == ({"enum": rule["values"]} if rule["values"] else {"minLength": 1})
        least, most = rule["items"] or (None, None)
        expected = {"enum": rule["allowed"] or None, "maximum": rule["maximum"], "minItems": least, "maxItems": most}
        assert bound == {name: value for name, value in expected.items() if value is not None}


def test_a_rule_speaks_as_the_form_does() -> None:
    words = {
        slug: [studio_rules.in_words(rule, catalog.get(slug).json_schema()) for rule in catalog.get(slug).rules]
        for slug in RULED
    }
    assert words["hailuo-2.3-pro"] == ["Seconds must be 6 when Resolution is 1080P"]
    assert words["veo-3.1-fast"] == [
        "Images must be empty when Mode is Text to video",
        "Images: 1 or 2 are needed when Mode is First and last frame",
        "Images: 1 or 2 are needed when Mode is Reference images",
        "Aspect ratio must be 16:9 when Mode is Reference images",
    ]
    assert words["flux-kontext-pro"] == ["Safety tolerance must be at most 2 when Image is given"]


def test_the_price_s_answer_says_it_beside_the_field_too(alice: Client) -> None:
    form = {"prompt": "x", "generationType": "REFERENCE_2_VIDEO", "aspectRatio": "9:16", "imageUrls.0": IMAGE}
    page = read(alice.post("/studio/veo-3.1-fast/price", form))
    place = page.one("div", id="e-aspectRatio")
    assert place.attrs["hx-swap-oob"] == "innerHTML"
    assert place.text == "Aspect ratio must be 16:9 when Mode is Reference images"
    assert page.one("div", id="e-prompt").text == ""
    assert page.one("div", id="e-imageUrls.1").text == ""
    healed = read(alice.post("/studio/veo-3.1-fast/price", {**form, "aspectRatio": "16:9"}))
    assert healed.one("div", id="e-aspectRatio").text == "", "what is right again is emptied"


def test_images_that_a_mode_needs_are_still_needed_and_no_mistake(alice: Client) -> None:
    page = read(alice.post("/studio/veo-3.1-fast/price", {"prompt": "x", "generationType": "REFERENCE_2_VIDEO"}))
    assert "Still needed: Images." in page.words
    assert page.one("p", id="total").text.split() == ["60", "credits", "$0.30"]
    assert page.one("div", id="e-imageUrls").text == ""


def test_without_scripts_the_server_refuses_it_in_the_same_words(alice: Client) -> None:
    form = {"do": "make", "prompt": "x", "generationType": "TEXT_2_VIDEO", "imageUrls.0": IMAGE}
    page = read(alice.post("/studio/veo-3.1-fast", form), 422)
    assert page.one("div", id="e-imageUrls").text == "Images must be empty when Mode is Text to video"
    assert page.one("input", name="imageUrls.0").attrs["value"] == IMAGE
