"""The figures of providers: creates by what became of them, results, times, rates in parts per million."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from generations import claims, limiter, outcomes, submission
from generations.models import Generation, ProviderSlot, ProviderState, Reason
from generations.oversight import health
from generations.oversight.health import Rates
from generations.providers import base
from project import db
from tests.copies import copies
from tests.oversight.operations.conftest import late_result_of, plan_of
from tests.pages.conftest import delivered, doubted, started

Make = Callable[..., Generation]
NONE = Rates("kie", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, None)


def since() -> datetime:
    return db.now() - timedelta(hours=1)


def of(provider: str, moment: datetime) -> Rates:
    (found,) = (row for row in health.rates_of_all(moment) if row.provider == provider)
    return found


def settled(row: Generation, result: base.CreateResult) -> Generation:
    claimed = claims.claim(provider=row.provider)
    assert claimed is not None
    submission.settle_attempt(claimed, result, provider=row.provider)
    limiter.mend(row.provider)
    row.refresh_from_db()
    return row


def took(row: Generation, milliseconds: int) -> None:
    Generation.objects.filter(pk=row.pk).update(submitted_at=row.finished_at - timedelta(milliseconds=milliseconds))  # type: ignore[operator]


@pytest.mark.django_db
def test_nothing_is_nothing() -> None:
    moment = since()
    assert of("kie", moment) == NONE
    assert (NONE.success_ppm, NONE.error_ppm, NONE.unknown_ppm) == (None, None, None)
    assert [row.provider for row in health.rates_of_all(moment)] == ["fal", "kie"]


def test_everything_is_counted_once_where_it_belongs(make: Make) -> None:
    for milliseconds in (1_000, 2_000, 3_000, 40_000):
        took(delivered(make()), milliseconds)
    failed = started(make("flux-kontext-pro"))
    outcomes.fail(generation_id=failed.pk, reason=Reason.PROVIDER_FAILED)
    refused = started(make("flux-kontext-pro"))
    outcomes.fail(generation_id=refused.pk, reason=Reason.CONTENT_REFUSED)
    doubted(make())
    settled(make(), base.RefusedInput("code 400"))
    settled(make(), base.TryLater("code 429"))
    Generation.objects.filter(status="queued").update(next_action_at=db.now() + timedelta(hours=1))
    settled(make(), base.NotSent("not sent: Refused"))
    Generation.objects.filter(status="queued").update(next_action_at=db.now() + timedelta(hours=1))
    make()
    assert claims.claim(provider="kie") is not None
    found = of("kie", since())
    assert found == replace(
        NONE,
        creates=11,
        accepted=6,
        unknown=1,
        limited=1,
        refused=1,
        not_sent=1,
        in_flight=1,
        succeeded=4,
        failed=1,
        of_input=2,
        p50_ms=2_000,
        p95_ms=40_000,
    )
    assert (found.success_ppm, found.error_ppm, found.unknown_ppm) == (800_000, 200_000, 90_910)
    by_model = {row.model: row for row in health.rates_by_model("kie", since())}
    assert set(by_model) == {"veo-3.1-fast", "flux-kontext-pro"}
    assert (by_model["flux-kontext-pro"].failed, by_model["flux-kontext-pro"].of_input) == (1, 1)
    assert sum(row.creates for row in by_model.values()) == found.creates
    assert health.refusals("kie", since()) == [
        ("not_sent", "not sent: Refused", 1),
        ("refused", "code 400", 1),
        ("refused", "code 429", 1),
        ("unknown", "no answer", 1),
    ]
    assert of("fal", since()) == replace(NONE, provider="fal")
    later = db.now() + timedelta(seconds=1)
    assert of("kie", later) == NONE


def test_what_holds_creates_back_now(make: Make) -> None:
    started(make())
    make()
    limiter.trip("kie", why="code 455", pause=timedelta(seconds=60))
    fal, kie = health.now_of_all()
    assert (fal.open, fal.under_way, fal.slots) == (False, 0, 0)
    assert (kie.open, kie.why, kie.under_way, kie.waiting, kie.slots, kie.slots_most) == (True, "code 455", 1, 1, 1, 18)
    limiter.mend("kie")
    assert health.now_of_all()[1].open is False


def test_what_held_creates_back_before_does_not_now(make: Make) -> None:
    started(make())
    limiter.trip("kie", why="code 455", pause=timedelta(seconds=60))
    past = db.now() - timedelta(minutes=1)
    ProviderState.objects.update(open_until=past)
    ProviderSlot.objects.update(taken_at=past)
    _, kie = health.now_of_all()
    assert (kie.open, kie.why, kie.slots, kie.under_way) == (False, "", 0, 1)


@pytest.mark.parametrize(
    ("reason", "of_input"),
    [(Reason.MODEL_WITHDRAWN, 1), (Reason.PROVIDER_REJECTED, 1), (Reason.CONTENT_REFUSED, 1), (Reason.TIMED_OUT, 0)],
)
def test_what_is_not_the_providers_failure(reason: Reason, of_input: int, make: Make) -> None:
    outcomes.fail(generation_id=started(make()).pk, reason=reason)
    (found,) = health.rates_by_model("kie", since())
    assert (found.of_input, found.failed) == (of_input, 1 - of_input)


@pytest.mark.parametrize("by_model", [False, True])
def test_a_question_goes_by_the_indexes(make: Make, by_model: bool) -> None:  # noqa: FBT001
    ended = late_result_of(make())
    long_ago = "now() - n * interval '1 day'"
    copies(
        ended,
        300,
        id="gen_random_uuid()",
        hold_id="gen_random_uuid()",
        provider_task_id="n::text",
        finished_at=long_ago,
    )
    copies(
        ended.attempts.get(),
        300,
        id="-n",
        generation_id="gen_random_uuid()",
        token_hash="n::text::bytea",
        created_at=long_ago,
    )
    plan = plan_of(
        "WITH asked", lambda: health.rates_by_model("kie", since()) if by_model else health.rates_of_all(since())
    )
    assert re.search(r"Index Cond: \(.*finished_at >= ", plan)
    assert re.search(r"Index Cond: \(.*created_at >= ", plan)
