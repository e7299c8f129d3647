"""A generation's page while it is under way: live to the end, honest about time, and nobody's focus is taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, TeamStatus
from generations import outcomes, progress
from generations.models import Generation, Reason, Status
from tests.pages.conftest import delivered, doubted, started
from tests.pages.generation_pages import Make, page_of, poll
from tests.pages.parsing import read
from tests.world import World


def aged(row: Generation, seconds: float) -> Generation:
    """The row as if it had been asked for so long ago, without writing it."""
    row.created_at = timezone.now() - timedelta(seconds=seconds)
    return row


def test_progress_goes_on_until_something_happens_then_what_changed_comes(alice: Client, make: Make) -> None:
    row = make()
    page = page_of(alice, row)
    address = poll(page)
    assert address == f"/generations/{row.public_id}/live?version=0"
    assert page.one("div", id="progress").attrs["hx-trigger"] == "every 2s"
    response = alice.get(address)
    assert poll(read(response)) == address
    assert "HX-Retarget" not in response.headers
    assert "so far; usually about 2 min" in read(response).words
    started(row)
    response = alice.get(address)
    page = read(response)
    assert (response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == ("#stage", "outerHTML")
    assert poll(page) == f"/generations/{row.public_id}/live?version={row.status_version}"
    beside = {e.attrs["id"] for e in page.elements if "hx-swap-oob" in e.attrs}
    parts = {"generation-status", "asked", "with-files", "receipt", "happened", "shares", "webhook"}
    assert beside == parts | {"wallet-chip", "said"}
    assert page.one("p", id="said").text.startswith("Veo 3.1 Fast: running.")
    assert page.one("p", id="said").attrs["role"] == "status"
    for still in ("prompt", "generation-id"):  # what stands still is not swapped under somebody's hands
        assert page.all("span", id=still) == page.all("code", id=still) == []
    assert [e for e in page.elements if "autofocus" in e.attrs or "data-focus" in e.attrs] == []
    outcomes.fail(generation_id=row.pk, reason=Reason.CONTENT_REFUSED)
    assert poll(read(alice.get(address))) is None


def test_the_end_brings_results_receipt_and_shares_to_places_that_are_there(alice: Client, make: Make) -> None:
    row = make()
    before = page_of(alice, row)
    ids = {e.attrs["id"] for e in before.elements if "id" in e.attrs}
    address = poll(before)
    assert address is not None
    page = read(alice.get(address.replace("version=0", "version=x")))
    delivered(row)
    page = read(alice.get(address))
    assert {e.attrs["id"] for e in page.elements if "hx-swap-oob" in e.attrs} <= ids
    assert page.one("video", id="result-1")
    assert page.one("a", id="to-shares")
    assert "Charged60 credits" in page.words
    assert "1,940 credits" in page.one("span", id="wallet-chip").text
    assert page.one("form", action=f"/generations/{row.public_id}/shares")


def test_steps_say_where_it_is(alice: Client, make: Make) -> None:
    row = make()
    assert page_of(alice, row).one("li", aria_current="step").text == "In the queue"
    started(row)
    page = page_of(alice, row)
    assert page.one("li", aria_current="step").text == "Being made"
    bar = page.one("progress").attrs
    assert (bar["max"], "value" in bar) == ("120", True)
    assert f"It ends by {row.deadline_at:%Y-%m-%d %H:%M} UTC at the latest; without a result nothing" in page.words


def test_longer_than_usual_is_said_and_no_bar_pretends(make: Make) -> None:
    row = started(make())
    soon, late = progress.progress(aged(row, 30)), progress.progress(aged(row, 121))
    assert (soon.over, soon.measured, soon.every) == (False, True, 2)
    assert (late.over, late.measured, late.every) == (True, False, 4)
    assert "It takes longer than the usual 2 min. It is still under way." in late.notes
    assert not any("longer" in note for note in soon.notes)
    assert progress.progress(aged(row, 3600)).every == 10
    assert late.steps[2] == {"name": "Being made", "state": "here"}


def test_who_goes_first_while_it_is_queued(alice: Client, world: World, make: Make) -> None:
    first, second, third = make(), make(), make()
    assert "It is the next one of your team." in page_of(alice, first).words
    assert "1 of your team's goes first." in page_of(alice, second).words
    assert "2 of your team's go first." in page_of(alice, third).words
    started(first)
    assert "It is the next one of your team." in page_of(alice, second).words
    assert "first." not in page_of(alice, first).words.partition("Asked for")[2]
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.SUSPENDED)
    assert "Your team is suspended: it waits until the team is reinstated." in page_of(alice, second).words


def test_unknown_says_what_is_known_and_what_comes_next(alice: Client, make: Make) -> None:
    row = doubted(make())
    page = page_of(alice, row)
    assert "We sent this and got no clear answer." in page.words
    assert f"If nothing is heard by {row.deadline_at:%Y-%m-%d %H:%M} UTC, it fails then" in page.words
    assert "all 60 credits ($0.30) are released" in page.words
    assert "Nothing is charged unless the result arrives." in page.words
    assert "You need not do anything." in page.words
    assert page.all("progress") == []
    assert page.one("div", id="progress").attrs["hx-trigger"] == "every 10s"


@pytest.mark.parametrize("status", Status.values)
def test_every_status_has_its_sentence_and_its_step(make: Make, status: str) -> None:
    row = make()
    row.status = status
    stands = progress.progress(row)
    assert stands.sentence
    assert (stands.every == 0) == row.ended
    assert (stands.step is None) == (status in ("failed", "canceled"))


def test_a_page_without_scripts_says_to_reload(alice: Client, make: Make, count_queries: Callable[..., int]) -> None:
    page = page_of(alice, make())
    assert page.one("p", klass="no-script").text == "Reload the page to see how it stands."
