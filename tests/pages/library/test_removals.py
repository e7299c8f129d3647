"""What was made is deleted for good: who may, when, what stays, and that nothing shows or links it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.test import Client

from accounts.models import AuditEvent, Membership, Role
from accounts.webhooks import messages
from billing import ledger
from generations import access, files, outcomes, present, queries, removals, tasks, timeline
from generations.models import Generation, Output, Reason, Removal
from project import media_links
from project.errors import Conflict, Forbidden
from tests.jobs import Jobs
from tests.pages.conftest import delivered, started
from tests.pages.library.conftest import Made
from tests.world import World

TEXT = "a dog, sharp focus"
EXPANSION = "prompt-expansion-text"


def names(row: Generation) -> list[str]:
    return [name for output in row.outputs.all() for name in (output.name, output.preview)]


def there(row: Generation) -> list[bool]:
    return [default_storage.exists(name) for name in names(row)]


def again(row: Generation) -> Generation:
    return Generation.objects.select_related("removal").get(pk=row.pk)


def test_the_files_go_and_the_books_stay(world: World, made: Made, jobs: Jobs) -> None:
    row, bob = made("seedream-v4-edit", image_urls=["https://img.example/a.png"], outputs=2, max_images=2), world.bob
    jobs.drain()
    wallet, receipt, charged = ledger.wallet(world.team.pk), row.receipt, row.charged
    assert there(row) == [True] * 4
    assert removals.remove(actor=world.actor(bob), generations=[row]) == 1
    assert there(row) == [True] * 4  # the storage is not asked in a transaction
    assert jobs.drain() == 1
    assert there(row) == [False] * 4
    row = again(row)
    assert (row.status, row.receipt, row.charged) == ("succeeded", receipt, charged)
    assert row.outputs.count() == 2
    assert ledger.wallet(world.team.pk) == wallet
    assert removals.is_removed(row)
    assert row.removal.files_gone_at is not None
    assert removals.words(row) == f"Outputs deleted by bob on {row.removal.removed_at.day} " + (
        f"{row.removal.removed_at:%B %Y}"
    )
    assert timeline.timeline(row)[-1].words == "The outputs were deleted. What was charged stays on the books."
    written = AuditEvent.objects.get(action="generation.outputs_deleted")
    assert (written.target, written.actor) == (row.public_id, f"user:{bob.pk}")


def test_again_is_nothing_new(world: World, made: Made, jobs: Jobs) -> None:
    row, bob = made(), world.actor(world.bob)
    assert [removals.remove(actor=bob, generations=[row, row]) for _ in range(3)] == [1, 0, 0]
    jobs.drain(repeat=2)
    assert row.events.filter(kind="outputs_deleted").count() == 1
    assert AuditEvent.objects.filter(action="generation.outputs_deleted").count() == 1
    assert tasks.remove_files() is None
    assert removals.drop_files() == 0


def test_what_is_under_way_is_left_alone_and_all_with_it(world: World, made: Made, make: Any) -> None:
    done, open_one = made(), make()
    for _ in range(2):
        with pytest.raises(Conflict, match="outputs can be deleted once it has ended") as refused:
            removals.remove(actor=world.actor(world.bob), generations=[done, open_one])
        assert refused.value.code == "not_ended"
        open_one.refresh_from_db()
        if open_one.status == "queued":
            started(open_one)
    assert not Removal.objects.exists()


def test_where_nothing_came_nothing_is_deleted(world: World, make: Any) -> None:
    row = make()
    outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED)
    assert removals.remove(actor=world.actor(world.bob), generations=[row]) == 0
    assert not Removal.objects.exists()


def test_who_may(world: World, made: Made) -> None:
    bobs, alices = made(by=world.bob), made(by=world.alice)
    with pytest.raises(Forbidden, match="what you made yourself") as refused:
        removals.remove(actor=world.actor(world.bob), generations=[bobs, alices])
    assert refused.value.code == "not_yours"
    with pytest.raises(Forbidden):
        removals.remove(actor=world.actor(world.carol), generations=[bobs])
    assert not Removal.objects.exists()
    judged = removals.judge(actor=world.actor(world.bob), generations=[bobs, alices])
    assert (judged.go, judged.not_theirs) == ([bobs], [alices])
    Membership.objects.filter(team=world.team, user=world.carol).update(role=Role.ADMIN)
    assert removals.remove(actor=world.actor(world.carol), generations=[bobs, alices]) == 2


def test_who_was_lowered_meanwhile_may_no_more(world: World, made: Made) -> None:
    row, bob = made(), world.actor(world.bob)
    Membership.objects.filter(team=world.team, user=world.bob).update(role=Role.VIEWER)
    with pytest.raises(Forbidden):
        removals.remove(actor=bob, generations=[row])


def test_another_teams_rows_are_never_touched(world: World, made: Made) -> None:
    row = made()
    mallory = Membership.objects.get(team=world.other_team, user=world.mallory)
    actor = access.access.Actor(
        team=world.other_team, permissions=frozenset({"see", "make", "manage"}), membership=mallory
    )  # type: ignore[attr-defined]
    assert removals.remove(actor=actor, generations=[row]) == 0
    assert not Removal.objects.exists()


def test_a_text_goes_too(world: World, make: Any, api: Any) -> None:
    row = delivered(make(EXPANSION, prompt="a dog"), text=TEXT)
    assert present.generation(row)["text"] == TEXT
    charged = row.charged
    assert removals.remove(actor=world.actor(world.bob), generations=[row]) == 1
    row = again(row)
    assert (row.text, row.charged, row.status) == ("", charged, "succeeded")
    assert row.removal.files_gone_at == row.removal.removed_at
    shown = present.generation(row)
    assert (shown["text"], shown["outputs"]) == (None, [])


def test_a_storage_that_is_down_is_asked_again(
    world: World, made: Made, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, other = made(), made()
    removals.remove(actor=world.actor(world.bob), generations=[row, other])
    really, broken = files.delete, {names(row)[0]}

    def delete(name: str) -> None:
        if name in broken:
            raise files.StorageDown("down")
        really(name)

    monkeypatch.setattr(files, "delete", delete)
    jobs.drain()
    first = Removal.objects.get(pk=row.pk)
    assert (first.files_gone_at, there(row)) == (None, [True, True])
    assert there(other) == [False, False]  # one stops no other
    pause = first.next_try_at - first.removed_at
    assert timedelta(seconds=29) < pause < timedelta(seconds=40)
    assert removals.drop_files() == 0  # not due yet
    broken.clear()
    Removal.objects.filter(pk=row.pk).update(next_try_at=Now())
    from generations import sweeps

    assert sweeps.sweep()["removals"] == 1
    assert there(row) == [False, False]


def test_a_lost_job_and_a_killed_one_are_made_up_for(world: World, made: Made) -> None:
    row = made()
    removals.remove(actor=world.actor(world.bob), generations=[row])
    assert removals._claim() is not None  # and its worker dies
    assert removals.drop_files() == 0
    Removal.objects.filter(pk=row.pk).update(next_try_at=Now())
    assert removals.drop_files() == 1
    assert there(row) == [False, False]


def test_links_that_are_out_are_dead_at_once(world: World, made: Made, client: Client) -> None:
    row = made()
    urls = [media_links.signed_url(name, lifetime_seconds=600) for name in names(row)]
    assert [len(client.get(url).getvalue()) for url in urls] == [4096, 4096]
    removals.remove(actor=world.actor(world.bob), generations=[row])
    for _ in range(2):
        for url in urls:
            answer = client.get(url)
            assert answer.status_code == 410
            assert "This file was deleted by its team" in answer.content.decode()
        removals.drop_files()


def test_the_api_and_its_lists(
    world: World, made: Made, api: Any, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    rows = [made(prompt=str(n)) for n in range(3)]
    path = f"/generations/{rows[0].public_id}"
    shown = api("GET", path, key=world.key).json()
    assert (len(shown["outputs"]), shown["outputs_deleted_at"]) == (1, None)
    for _ in range(2):
        assert api("DELETE", f"{path}/outputs", key=world.key).status_code == 204
    shown = api("GET", path, key=world.key).json()
    assert shown["outputs"] == []
    assert shown["outputs_deleted_at"] is not None
    assert shown["status"] == "succeeded"
    assert [event["kind"] for event in api("GET", f"{path}/events", key=world.key).json()["results"]][-1] == (
        "outputs_deleted"
    )
    assert api("GET", f"{path}/receipt", key=world.key).status_code == 200
    listed = api("GET", "/generations", key=world.key).json()["results"]
    assert [bool(row["outputs"]) for row in listed] == [True, True, False]
    assert api("DELETE", f"{path}/outputs", key=world.other_key).status_code == 404


def test_the_api_refuses_what_is_under_way(world: World, make: Any, api: Any) -> None:
    answer = api("DELETE", f"/generations/{make().public_id}/outputs", key=world.key)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ended")


def test_a_list_asks_no_more_for_more(
    world: World, made: Made, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    actor, rows = world.actor(world.alice), [made(prompt=str(n)) for n in range(5)]
    from django.http import QueryDict

    def look() -> list[Any]:
        found = list(queries.listed(actor, QueryDict("")))
        removals.words_of(found)
        removals.judge(actor=actor, generations=found)
        return [present.generation(row) for row in found]

    removals.remove(actor=actor, generations=rows[:1])
    few = count_queries(look)
    removals.remove(actor=actor, generations=rows[1:])
    assert count_queries(look) == few == 3


def test_an_event_that_is_sent_again_tells_and_links_nothing_of_it(world: World, made: Made, make: Any) -> None:
    from accounts.models import OutgoingEvent
    from accounts.webhooks import endpoints

    endpoints.add(by=world.actor(world.alice), url="https://hooks.example/in")
    row, other = made(), made()
    text = delivered(make(EXPANSION, prompt="a dog"), text=TEXT)
    removals.remove(actor=world.actor(world.alice), generations=[row, text])

    def told(subject: Generation) -> dict[str, Any]:
        event = OutgoingEvent.objects.get(subject=subject.public_id, type="generation.succeeded")
        data: dict[str, Any] = messages.message(event)["data"]
        return data

    assert told(other)["outputs"][0]["url"].startswith("http")
    assert told(other)["outputs_deleted_at"] is None
    assert (told(row)["outputs"], told(row)["status"]) == ([], "succeeded")
    assert told(row)["outputs_deleted_at"] == present.generation(again(row))["outputs_deleted_at"]
    assert told(text)["text"] is None


def test_many_at_once_in_a_fixed_number_of_queries(
    world: World, made: Made, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    alice, rows = world.actor(world.alice), [made(prompt=str(n)) for n in range(8)]
    one = count_queries(lambda: removals.remove(actor=alice, generations=rows[:2]))
    assert count_queries(lambda: removals.remove(actor=alice, generations=rows[2:])) == one
    told = AuditEvent.objects.filter(action="generation.outputs_deleted").latest("id")
    assert told.target_name == "6 generations"
    assert len(told.data["generations"]) == 6
    assert Output.objects.count() == 8
