"""POST /prompt-expansions: a generation of kind `text` by a call of its own, on the way of any other."""

from __future__ import annotations

from typing import Any

import pytest

from billing.models import BudgetUsage
from generations import expansions, intake
from generations.expansion_requests import expansion
from generations.models import Generation, Listing
from project.errors import PaymentRequired
from tests.api.conftest import ASK
from tests.api.shapes import GENERATION, SHORTAGE, micro, problem
from tests.billing.conftest import cap, key_cap
from tests.invariants.steps import render
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess

IDEA = {"prompt": "a lighthouse"}
KEY = {"Idempotency-Key": "one idea"}


def post(api: Any, key: str, body: Any = IDEA, **more: Any) -> Any:
    return api("post", "/prompt-expansions", body, key=key, **more)


def test_an_idea_is_a_generation_of_kind_text(world: Any, api: Any) -> None:
    answer = post(api, world.key, {**IDEA, "metadata": {"shot": "1"}})
    body = answer.json()
    assert answer.status_code == 201, answer.content
    assert set(body) == GENERATION
    assert answer["Location"] == body["urls"]["self"]
    assert (body["model"], body["status"], body["text"]) == ("prompt-expansion-text", "queued", None)
    assert body["input"]["prompt"] == "a lighthouse"
    assert body["input"]["system_prompt"] == expansions.instructions(target=None, style="")
    row = Generation.objects.get()
    assert (row.kind, row.provider, row.metadata) == ("text", "fal", {"shot": "1"})
    assert micro(body["held"]) == row.hold_amount > 0


def test_it_brings_a_text(committed_world: Any, api: Any, sandbox: SandboxProcess, site: str, jobs: Jobs) -> None:
    made = post(api, committed_world.key, {**IDEA, "target": "video", "style": "film noir"}).json()
    jobs.until(Generation.objects.get().pk)
    body = api("get", f"/generations/{made['id']}", key=committed_world.key).json()
    assert body["status"] == "succeeded", body["error"]
    assert body["text"]
    assert 0 < micro(body["charged"]) <= micro(made["held"])


def test_with_images_the_one_that_sees(world: Any, api: Any) -> None:
    body = post(api, world.key, {**IDEA, "image_urls": ["https://203.0.114.7/a.png"]}).json()
    assert (body["model"], body["input"]["image_urls"]) == ("prompt-expansion-vision", ["https://203.0.114.7/a.png"])


def test_the_fields_of_the_language_model_are_its_own(world: Any, api: Any) -> None:
    own = {"system_prompt": "Be brief.", "temperature": 0.5, "max_tokens": 64}
    body = post(api, world.key, {**IDEA, **own, "language_model": "google/gemini-2.5-flash"}).json()
    assert {name: body["input"][name] for name in own} == own
    assert body["input"]["model"] == "google/gemini-2.5-flash"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"model": "veo-3.1-fast"}, "model"),
        ({"model": None}, "model"),
        ({"language_model": "nope"}, "language_model"),
        ({"language_model": 5}, "language_model"),
        ({"temperature": 2}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"target": "prompt-expansion-text"}, "target"),
        ({"target": ""}, "target"),
        ({"style": ""}, "style"),
        ({"style": "x" * 201}, "style"),
        ({"system_prompt": "x", "style": "y"}, "style"),
        ({"system_prompt": "x" * 4001}, "system_prompt"),
        ({"image_urls": []}, "image_urls"),
        ({"image_urls": ["https://10.0.0.1/a.png"]}, "image_urls.0"),
        ({"image_urls": ["https://203.0.114.7/a.png"], "model": "prompt-expansion-text"}, "image_urls"),
        ({"max_price": "1"}, "max_price"),
        ({"webhook_url": "https://10.0.0.1/x"}, "webhook_url"),
        ({"quote": "qt_1"}, "quote"),
        ({"input": {}}, "input"),
    ],
)
def test_what_is_wrong_has_the_path_of_this_call(world: Any, api: Any, fields: dict[str, Any], path: str) -> None:
    problem(post(api, world.key, {**IDEA, **fields}), 422, "invalid", path)
    assert not Generation.objects.exists()


def test_the_idea_is_needed(world: Any, api: Any) -> None:
    problem(post(api, world.key, {}), 422, "invalid", "prompt")


def test_a_replay_and_another_call_with_the_key(world: Any, api: Any) -> None:
    first = post(api, world.key, headers=KEY)
    again = post(api, world.key, headers=KEY)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    problem(post(api, world.key, {"prompt": "a harbor"}, headers=KEY), 422, "idempotency_key_reused")
    problem(api("post", "/generations", ASK, key=world.key, headers=KEY), 422, "idempotency_key_reused")
    assert Generation.objects.count() == 1


def test_it_waits_for_the_end(world: Any, api: Any) -> None:
    answer = post(api, world.key, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer["Preference-Applied"]) == (201, "wait=1")


def test_a_cap_of_the_key_holds_here_too(world: Any, api: Any) -> None:
    """One fits by the hold, the second does not: a text holds the most it can cost."""
    hold = micro(post(api, world.key).json()["held"])
    budget = key_cap(world, hold + 1)
    assert post(api, world.key).status_code == 201
    problem(post(api, world.key), 402, "budget_exceeded", extra=frozenset(SHORTAGE))
    assert BudgetUsage.objects.get(budget=budget).held == hold
    assert Generation.objects.count() == 2


def test_a_cap_of_the_member_holds_too(world: Any) -> None:
    cap(world, world.bob, 1)
    with pytest.raises(PaymentRequired):
        intake.accept(actor=world.actor(world.bob), request=expansion(IDEA, idempotency=None), render=render)
    assert not Generation.objects.exists()


def test_max_price_and_a_writer_that_is_off(world: Any, api: Any) -> None:
    extra = frozenset({"price", "hold", "max_price"})
    problem(post(api, world.key, {**IDEA, "max_price": {"usd": "0.000001"}}), 409, "max_price_exceeded", extra=extra)
    Listing.objects.filter(pk="prompt-expansion-text").update(available=False)
    problem(post(api, world.key), 409, "model_unavailable")
