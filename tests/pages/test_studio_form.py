"""The studio's form is made from each model's schema: every field, the right control, defaults, labels."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from generations import catalog, offers
from generations.models import Listing
from tests.pages.parsing import Page, read
from tests.world import World

SLUGS = list(catalog.ENTRIES)


def form_of(alice: Client, slug: str) -> Page:
    return read(alice.get(f"/studio/{slug}"))


def test_the_studio_lists_every_model_with_its_cheapest_price(alice: Client) -> None:
    page = read(alice.get("/studio"))
    assert models_of(page) == SLUGS
    assert "from 42 credits $0.21 about 3 min" in page.words


def models_of(page: Page) -> list[str]:
    links = [e.attrs["href"] for e in page.all("a")]
    return [link.removeprefix("/studio/") for link in links if link.startswith("/studio/")]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_field_of_the_schema_stands_in_the_form(alice: Client, slug: str) -> None:
    page, schema = form_of(alice, slug), catalog.get(slug).json_schema()
    for name, rule in schema["properties"].items():
        check_field(page, name, rule)
    assert page.unlabelled() == []


def check_field(page: Page, name: str, rule: dict[str, Any]) -> None:
    if rule["type"] == "array" or rule.get("x-image"):
        slots = [f"{name}.{place}" for place in range(rule["maxItems"])] if rule["type"] == "array" else [name]
        for slot in slots:
            assert [e.attrs["type"] for e in page.named(slot)] == ["text"]
            assert [e.attrs["type"] for e in page.named(f"{slot}.file")] == ["file"]
        return
    found = page.named(name)
    if "enum" in rule and found[0].tag == "input":
        values = [e.attrs["value"] for e in found]
        assert [value for value in values if value] == rule["enum"]
        chosen = [e.attrs["value"] for e in found if "checked" in e.attrs]
        assert chosen == [rule.get("default", "" if "" in values else None)]
    elif "enum" in rule:
        options = [e for e in page.all("option") if e.attrs["value"] in rule["enum"]]
        assert [e.attrs["value"] for e in options] == rule["enum"]
        assert [e.attrs["value"] for e in options if "selected" in e.attrs] == [rule["default"]]
    elif rule["type"] == "boolean":
        assert ("checked" in found[0].attrs) is rule["default"]
    elif rule["x-control"] == "textarea":
        assert found[0].tag == "textarea"
        assert found[0].attrs["data-most"] == str(rule["maxLength"])
    elif rule["x-control"] == "slider":
        assert (found[0].attrs["type"], found[0].attrs["value"]) == ("text", str(rule["default"]))
        slider = page.one("input", data_moves=f"f-{name}")
        assert "name" not in slider.attrs, "only the number is sent"
        assert (slider.attrs["min"], slider.attrs["max"]) == (str(rule["minimum"]), str(rule["maximum"]))
    else:
        assert found[0].attrs["value"] == str(rule.get("default", ""))
    assert rule["description"] in page.words or "x-labels" in rule  # whose words are those of the page


def test_an_unknown_model_is_not_found(alice: Client) -> None:
    read(alice.get("/studio/no-such-model"), 404)


def test_a_model_that_staff_switched_off_says_so_and_has_no_button(alice: Client) -> None:
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False, note="Back on Monday.")
    page = form_of(alice, "veo-3.1-fast")
    assert "Back on Monday." in page.words
    assert "disabled" in page.one("button", value="make").attrs
    assert "Back on Monday." in read(alice.get("/studio")).words


def test_a_viewer_sees_the_form_and_cannot_use_it(world: World, browser: Any) -> None:
    carol = browser(world.carol)
    page = form_of(carol, "veo-3.1-fast")
    assert "Your role in Studio is viewer" in page.words
    assert "disabled" in page.one("fieldset", klass="fields").attrs
    assert "disabled" in page.one("button", value="make").attrs
    page = read(carol.post("/studio/veo-3.1-fast", {"prompt": "a dog", "aspectRatio": "16:9"}), 403)
    assert "needs the permission" in page.words


def test_the_language_models_on_offer_are_those_of_the_price_list(alice: Client) -> None:
    rates = {**offers.current_price("prompt-expansion-text").rates, "acme/writer:input": 1, "acme/writer:output": 2}
    offers.publish(slug="prompt-expansion-text", rates=rates, margin_ppm=0, by="test", reason="one more")
    page = form_of(alice, "prompt-expansion-text")
    assert sorted(e.attrs["value"] for e in page.named("model")) == ["acme/writer", "google/gemini-2.5-flash"]
