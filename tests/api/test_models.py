"""GET /models and GET /models/{slug}: public, whole, priced as the customer pays (design section 6)."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from generations import catalog, offers
from generations.models import Listing
from tests.api.shapes import MODEL, PAGE, micro, problem


def test_it_lists_every_model_without_a_key(world: Any, api: Any) -> None:
    response = api("get", "/models")
    body = response.json()
    assert response.status_code == 200
    assert set(body) == PAGE
    assert [model["slug"] for model in body["results"]] == list(catalog.ENTRIES)
    assert len(body["results"]) == 15
    assert (body["next"], body["previous"]) == (None, None)


def test_a_model_has_exactly_these_fields(world: Any, api: Any) -> None:
    for model in api("get", "/models").json()["results"]:
        assert set(model) == MODEL
        assert model["available"] is True
        assert model["kind"] in ("video", "image", "text")
        assert set(model["price"]) == {"unit", "per", "rates", "examples"}
        for example in model["price"]["examples"]:
            assert set(example) == {"label", "input", "price"}
            assert micro(example["price"]) > 0
            jsonschema.Draft202012Validator(model["input_schema"]).validate(example["input"])
        assert api("get", f"/models/{model['slug']}").json() == model


def test_rates_are_exact_money_by_variant(world: Any, api: Any) -> None:
    price = api("get", "/models/hailuo-2.3-pro").json()["price"]
    assert (price["unit"], price["per"]) == ("video", 1)
    assert {name: micro(rate) for name, rate in price["rates"].items()} == {
        "6-768P": 220_000,
        "10-768P": 450_000,
        "6-1080P": 390_000,
    }


def test_a_new_price_shows_at_once_with_its_margin(world: Any, api: Any) -> None:
    offers.publish(slug="veo-3.1-fast", rates={"video": 400_000}, margin_ppm=100_000, by="test", reason="dearer")
    price = api("get", "/models/veo-3.1-fast").json()["price"]
    assert micro(price["rates"]["video"]) == 440_000
    assert micro(price["examples"][0]["price"]) == 440_000


def test_a_model_switched_off_says_so(world: Any, api: Any) -> None:
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False)
    assert api("get", "/models/veo-3.1-fast").json()["available"] is False
    listed = {model["slug"]: model["available"] for model in api("get", "/models").json()["results"]}
    assert [slug for slug, available in listed.items() if not available] == ["veo-3.1-fast"]


@pytest.mark.parametrize("slug", ["nope", "VEO-3.1-FAST", "%00", "..", "veo-3.1-fast%0A"])
def test_it_answers_404_for_an_unknown_slug(world: Any, api: Any, slug: str) -> None:
    problem(api("get", f"/models/{slug}"), 404, "not_found")


def test_the_list_pages_like_every_other(world: Any, api: Any) -> None:
    seen: list[str] = []
    path: str | None = "/models?limit=6"
    sizes = []
    while path:
        body = api("get", path).json()
        seen += [model["slug"] for model in body["results"]]
        sizes.append(len(body["results"]))
        last = body
        path = body["next"] and body["next"].split("/api/v1")[1]
    assert seen == list(catalog.ENTRIES)
    assert sizes == [6, 6, 3]
    back = api("get", last["previous"].split("/api/v1")[1]).json()
    assert [model["slug"] for model in back["results"]] == seen[6:12]
    first = api("get", back["previous"].split("/api/v1")[1]).json()
    assert [model["slug"] for model in first["results"]] == seen[:6]
    assert first["previous"] is None


def test_names_of_providers_are_not_shown(world: Any, api: Any) -> None:
    text = api("get", "/models").content.decode().lower()
    assert not [word for word in ("kie.ai", '"provider', "fal-ai/", "expected_cost", "margin") if word in text]
