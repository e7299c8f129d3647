"""A pause holds at once: nothing new is accepted or claimed, what is queued waits and says why, what runs goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import audit
from accounts.models import Action, AuditEvent
from generations import claims, observation
from generations.models import Generation, Listing, Pause, Quote, Status
from generations.oversight import pauses
from project import queue
from tests.oversight.conftest import Desk, staff_of
from tests.pages.conftest import started
from tests.world import World

Make = Callable[..., Generation]
NOTE = "We expect it back by noon."
SAID = f"Paused for the moment: {NOTE}"
FORM = {"target": "model:veo-3.1-fast", "note": NOTE, "reason": "errors since ten"}


@pytest.fixture
def call(world: World) -> Callable[..., Any]:
    """call("post", "/quotes", {...}) with the team's key."""

    def ask(method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {"Authorization": f"Bearer {world.key}", **headers}
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(Client(), method)(f"/api/v1{path}", headers=given, **more)

    return ask


def pause(scope: str = "model", name: str = "veo-3.1-fast") -> Pause:
    by = audit.Staff(staff_of(f"grace{Pause.objects.count()}"))
    return pauses.pause(scope=scope, name=name, note=NOTE, reason="errors", by=by)


@pytest.mark.parametrize("scope_and_name", [("model", "veo-3.1-fast"), ("provider", "kie")])
def test_every_way_in_refuses_with_the_note(scope_and_name: tuple[str, str], call: Any, world: World) -> None:
    veo = {"model": "veo-3.1-fast", "input": {"prompt": "a dog"}}
    quote = call("post", "/quotes", veo).json()
    pause(*scope_and_name)
    asked = [
        call("post", "/quotes", veo),
        call("post", "/generations", veo),
        call("post", "/generations", {**veo, "quote": quote["id"]}),
        call("post", "/generations/batch", {"requests": [veo, veo]}),
        call("post", "/quotes/batch", {"requests": [veo]}),
    ]
    for answer in asked:
        assert answer.status_code == 409, answer.content
    found = [answer.json() for answer in asked]
    for problem in found:
        assert problem["code"] == "model_unavailable"
        assert SAID in str(problem)
        assert problem["retryable"] is True
    assert not Generation.objects.exists()
    assert Quote.objects.count() == 1


def test_expansions_refuse_while_their_provider_is_paused(call: Any, world: World) -> None:
    pause("provider", "fal")
    answer = call("post", "/prompt-expansions", {"prompt": "a dog"})
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (409, "model_unavailable", SAID)
    kie = call("post", "/generations", {"model": "veo-3.1-fast", "input": {"prompt": "a dog"}})
    assert kie.status_code == 201


def test_the_models_say_that_they_are_paused(call: Any, world: World) -> None:
    pause()
    models = {model["slug"]: model for model in call("get", "/models").json()["results"]}
    assert (models["veo-3.1-fast"]["available"], models["veo-3.1-fast"]["note"]) == (False, NOTE)
    assert call("get", "/models/veo-3.1-fast").json()["note"] == NOTE
    assert {slug for slug, model in models.items() if not model["available"]} == {"veo-3.1-fast"}
    pause("provider", "kie")
    models = {model["slug"]: model for model in call("get", "/models").json()["results"]}
    assert {model["note"] for model in models.values() if not model["available"]} == {NOTE}
    assert models["qwen-image-edit-plus"]["available"] is True


def test_pages_say_it_too(world: World, alice: Client) -> None:
    pause()
    for path in ("/studio", "/prices", "/status", "/studio/veo-3.1-fast"):
        answer = alice.get(path, follow=True)
        if path == "/prices" and answer.status_code == 404:
            answer = Client().get("/")
        assert NOTE in answer.content.decode(), path


def test_what_is_queued_waits_says_why_and_can_be_canceled(make: Make, call: Any, alice: Client) -> None:
    waiting, other = make(), make("flux-kontext-pro")
    row = pause()
    claimed = claims.claim(provider="kie")
    assert claimed is not None
    assert claimed.generation_id == other.pk
    assert claims.claim(provider="kie") is None
    shown = call("get", f"/generations/{waiting.public_id}").json()
    assert (shown["status"], shown["waits_for"]) == ("queued", NOTE)
    listed = {each["id"]: each for each in call("get", "/generations").json()["results"]}
    assert listed[waiting.public_id]["waits_for"] == NOTE
    assert listed[other.public_id]["waits_for"] is None
    page = alice.get(f"/generations/{waiting.public_id}").content.decode()
    assert f"This model is paused for the moment: {NOTE}" in page
    assert "You can cancel it" in page
    assert pauses.waiting(row) == 1
    assert call("post", f"/generations/{waiting.public_id}/cancel").json()["status"] == "canceled"


def test_a_paused_provider_gives_no_claim_and_is_not_rung(make: Make) -> None:
    from generations import sweeps

    make()
    pause("provider", "kie")
    assert claims.claim(provider="kie") is None
    before = len(queue.pending())
    sweeps.ring_due()
    assert [job for job in queue.pending()[before:] if job.func == "generations.tasks.dispatch"] == []


def test_its_deadline_releases_it_as_ever(make: Make, world: World) -> None:
    waiting = make()
    pause()
    Generation.objects.filter(pk=waiting.pk).update(deadline_at=waiting.created_at - timedelta(seconds=1))
    observation.expire(generation_id=waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason, waiting.charged) == (Status.FAILED, "timed_out", 0)


def test_what_runs_goes_on_and_a_resume_rings(make: Make, desk: Desk) -> None:
    running, waiting = started(make()), make()
    staff = desk("see_operations", "pause_providers")
    assert staff.post("/admin/operations/pauses", FORM).status_code == 302
    running.refresh_from_db()
    assert running.status == Status.RUNNING
    row = Pause.objects.get()
    assert (row.note, row.reason, row.resumed_at) == (NOTE, "errors since ten", None)
    page = staff.get("/admin/operations/pauses").content.decode()
    assert NOTE in page
    before = len(queue.pending())
    for _ in range(2):
        assert staff.post(f"/admin/operations/pauses/{row.pk}/resume").status_code == 302
    assert [(job.func, job.args) for job in queue.pending()[before:]] == [("generations.tasks.dispatch", ("kie",))]
    claimed = claims.claim(provider="kie")
    assert claimed is not None
    assert claimed.generation_id == waiting.pk
    assert AuditEvent.objects.get(action=Action.PAUSED).data["reason"] == "errors since ten"
    assert AuditEvent.objects.get(action=Action.RESUMED).data["waiting"] == 1


def test_wrong_forms_set_nothing_and_keep_what_was_typed(desk: Desk) -> None:
    staff = desk("see_operations", "pause_providers")
    for change, words in (
        ({"note": " "}, "required"),
        ({"reason": ""}, "required"),
        ({"target": "model:none"}, "Choose one of the list"),
    ):
        answer = staff.post("/admin/operations/pauses", {**FORM, **change})
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert "errors since ten" in answer.content.decode()
    staff.post("/admin/operations/pauses", FORM)
    again = staff.post("/admin/operations/pauses", FORM)
    assert again.status_code == 409
    assert "is paused already" in again.content.decode()
    assert Pause.objects.count() == 1


def test_without_the_duty_nothing_is_paused(desk: Desk, make: Make) -> None:
    staff = desk("see_operations", "resolve_unknown", "replay_callbacks", "check_books")
    assert staff.post("/admin/operations/pauses", FORM).status_code == 403
    row = pause()
    assert staff.post(f"/admin/operations/pauses/{row.pk}/resume").status_code == 403
    assert Pause.objects.get().resumed_at is None
    assert not AuditEvent.objects.filter(action=Action.RESUMED).exists()
    assert "Pause something" not in staff.get("/admin/operations/pauses").content.decode()


def test_a_pause_is_not_a_withdrawal(make: Make) -> None:
    """A withdrawn model's queue fails at its claim; a paused one's waits, even when it is withdrawn besides."""
    waiting = make()
    pause()
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False)
    assert claims.claim(provider="kie") is None
    waiting.refresh_from_db()
    assert waiting.status == Status.QUEUED
