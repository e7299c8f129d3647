"""The price box: exact for what stands in the form, honest about what is left, calm about what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from billing import budgets
from billing.models import Period
from generations import catalog, offers, pricing
from generations.models import Generation
from tests.pages.parsing import Page, read
from tests.world import World

IMAGE = "https://img.example/a.png"


def box(client: Client, slug: str, **data: Any) -> Page:
    return read(client.post(f"/studio/{slug}/price", data, headers={"HX-Request": "true"}))


def total(page: Page) -> str:
    (words,) = page.texts("p", klass="total")
    return words


def agreed(page: Page) -> int:
    return int(page.one("input", name="agreed").attrs["value"])


@pytest.mark.parametrize("slug", catalog.ENTRIES)
def test_the_price_of_every_variant_of_every_model_is_the_catalogue_s(alice: Client, slug: str) -> None:
    entry, book = catalog.get(slug), offers.book_of(offers.current_price(slug))
    for variant in pricing.variants(entry, entry.validate(dict(entry.example)), book):
        form = {name: value for name, value in variant.input.items() if not isinstance(value, list | bool)}
        form |= {name: "on" for name, value in variant.input.items() if value is True}
        lists = {name: value for name, value in variant.input.items() if isinstance(value, list)}
        form |= {f"{name}.{place}": text for name, value in lists.items() for place, text in enumerate(value)}
        assert agreed(box(alice, slug, **form)) == variant.hold


def test_lines_and_what_the_wallet_leaves(alice: Client) -> None:
    page = box(alice, "wan-2.5-i2v", prompt="a dog", image_url=IMAGE, duration="10", resolution="720p")
    assert total(page) == "120 credits $0.60"
    assert page.texts("li") == ["10 s, 720p · 10 × $0.06$0.60", "Wallet leaves1,880 credits $9.40"]


def test_a_price_needs_no_prompt_and_no_image_where_they_do_not_move_it(alice: Client) -> None:
    page = box(alice, "kling-2.1-pro", duration="10")
    assert total(page) == "100 credits $0.50"
    assert "Still needed: Prompt, First frame." in page.words


def test_a_chosen_file_counts_as_an_image(alice: Client) -> None:
    page = box(alice, "kling-2.1-pro", prompt="a dog", duration="5", **{"image_url.file": "[object File]"})
    assert "Still needed" not in page.words
    page = box(alice, "flux-kontext-pro", prompt="x", safetyTolerance="6", **{"inputImage.file": "[object File]"})
    assert "No price yet" in page.words
    assert "0 to 2" in page.words or "at most 2" in page.words


def test_the_price_of_words_depends_on_them(alice: Client) -> None:
    empty = box(alice, "prompt-expansion-text", model="google/gemini-2.5-flash", max_tokens="1024")
    assert empty.words == "Still needed: Prompt. No price yet"
    short, long = (
        agreed(box(alice, "prompt-expansion-text", model="google/gemini-2.5-flash", prompt=text, max_tokens="1024"))
        for text in ("fox", "fox " * 500)
    )
    assert short < long


def test_the_first_fault_is_said_calmly(alice: Client) -> None:
    page = box(alice, "hailuo-2.3-pro", prompt="a dog", image_url=IMAGE, duration="10", resolution="1080P")
    assert total(page) == "No price yet"
    assert "10" in page.words
    assert "1080P" in page.words
    page = box(alice, "veo-3.1-fast", prompt="a dog", seeds="12x")
    assert "Seed must be a whole number from 10000 to 99999" in page.words


def test_what_is_too_dear_names_the_dearest_variant_that_fits(world: World, alice: Client) -> None:
    membership = Membership.objects.get(team=world.team, user=world.alice)
    budgets.set_limit(by="test", team=world.team, period=Period.DAY, limit=200_000, membership=membership)
    page = box(alice, "wan-2.2-turbo", prompt="a dog", image_url=IMAGE, resolution="720p")
    assert "Your budget today has only40 credits $0.20" in page.texts("li")
    assert page.texts("button", value="fit") == ["Use 5 s, 480p for 40 credits $0.20"]
    fitting = box(alice, "wan-2.2-turbo", prompt="a dog", image_url=IMAGE, resolution="480p")
    assert "Your budget today leaves0 credits $0.00" in fitting.texts("li")
    assert "Not enough" not in fitting.words


def test_a_price_stores_nothing_and_asks_nobody(alice: Client, count_queries: Callable[..., int]) -> None:
    def ask(images: int) -> int:
        form = {f"image_urls.{place}": f"https://img{place}.example/a.png" for place in range(images)}
        return count_queries(lambda: box(alice, "nano-banana-edit", prompt="x", **form))

    ask(1)
    assert ask(1) == ask(10)
    assert not Generation.objects.exists()


def test_the_price_of_a_stranger_is_behind_sign_in(client: Client, world: World) -> None:
    response = client.post(
        "/studio/veo-3.1-fast/price",
        {"prompt": "x"},
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/studio/veo-3.1-fast"},
    )
    assert response.headers["HX-Redirect"] == "/accounts/login/?next=/studio/veo-3.1-fast"
