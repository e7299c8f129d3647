"""What came of a generation, on its page: large, to keep one by one or all, and honestly gone when it was deleted."""

from __future__ import annotations

from typing import Any

from django.test import Client

from generations import outcomes, progress, removals
from generations.models import Reason
from tests.pages.conftest import Browser, delivered
from tests.pages.generation_pages import HOSTILE, Make, page_of, poll
from tests.world import World

IMAGES: dict[str, Any] = {"image_urls": ["https://img.example/a.png"], "max_images": 4}


def test_a_video_plays_and_can_be_kept(alice: Client, make: Make) -> None:
    row = delivered(make())
    page = page_of(alice, row)
    video = page.one("video")
    assert video.attrs["src"].startswith(f"/media/teams/{row.team_id}/{row.pk}/0.mp4?")
    assert video.attrs["poster"].startswith(f"/media/teams/{row.team_id}/{row.pk}/0.preview.webp?")
    assert "controls" in video.attrs
    assert f"filename=veo-3.1-fast-{row.public_id[-8:]}-1.mp4" in page.one("a", id="download-1").attrs["href"]
    assert "1280 × 720, 5 s, 4.0 KB" in page.words
    assert "by bob@example.com" in page.words
    assert "usually about 2 min." in page.words
    assert poll(page) is None
    assert page.all("button", id="download-all") == []


def test_several_are_shown_whole_and_kept_at_once(alice: Client, make: Make) -> None:
    row = delivered(make("seedream-v4-edit", **IMAGES), outputs=4)
    page = page_of(alice, row)
    assert len(page.all("figure")) == 4
    whole = page.one("a", id="result-2").attrs
    assert whole["href"].startswith(f"/media/teams/{row.team_id}/{row.pk}/1.png?")
    assert "filename" not in whole["href"]
    assert page.one("a", id="download-3").attrs["aria-label"] == "Download result 3"
    button = page.one("button", id="download-all")
    assert (button.attrs["name"], button.attrs["value"]) == ("do", "zip")
    assert "Download all 4 as zip" in button.text
    assert {e.attrs["action"] for e in page.all("form") if "selected" in e.attrs["action"]} == {"/history/selected"}
    assert {e.attrs["value"] for e in page.all("input", name="row")} == {row.public_id}


def test_deleted_results_are_said_and_not_linked(alice: Client, world: World, make: Make) -> None:
    row = delivered(make())
    removals.remove(actor=world.actor(world.bob), generations=[row])
    page = page_of(alice, row)
    assert "Outputs deleted by bob on " in page.words
    assert "cannot be brought back" in page.words
    assert "/media/" not in page.html
    assert "Charged60 credits $0.30" in page.words
    for gone in ("download-all", "delete-results", "to-shares"):
        assert gone not in page.html


def test_who_may_delete_is_offered_it(world: World, browser: Browser, make: Make) -> None:
    theirs, mine = delivered(make(by=world.alice)), delivered(make(by=world.bob))
    bob, alice = browser(world.bob), browser(world.alice)
    offered = [
        bool(page_of(who, row).all("button", id="delete-results")) for who in (bob, alice) for row in (theirs, mine)
    ]
    assert offered == [False, True, True, True]


def test_a_text_is_shown_and_escaped(alice: Client, make: Make) -> None:
    row = delivered(make("prompt-expansion-text", model="google/gemini-2.5-flash"), text=HOSTILE)
    assert page_of(alice, row).one("div", klass="text-output").text == HOSTILE


def test_what_failed_shows_no_results_and_no_steps(alice: Client, make: Make) -> None:
    row = make()
    outcomes.fail(generation_id=row.pk, reason=Reason.TIMED_OUT)
    row.refresh_from_db()
    assert progress.progress(row).step is None
    page = page_of(alice, row)
    assert page.all("figure") == page.all("progress") == page.all("ol", klass="steps") == []
