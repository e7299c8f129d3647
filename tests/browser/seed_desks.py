"""What the staff's desks have to show: a case, a bill, a pause, a proposal, refused callbacks, a price to come,
alerts."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from accounts.audit import Staff
from accounts.models import Team, User
from billing import adjustments, reconcile
from generations import books, observation, offers
from generations.models import (
    Alert,
    AlertKind,
    Attempt,
    BalanceDay,
    BalanceReading,
    Callback,
    CallbackVerdict,
    CaseKind,
    Generation,
)
from generations.oversight import alert_acts, alert_watch, cases, discounts, pauses, price_desk, refused, top_ups, usage
from generations.oversight.usage_files import Row
from generations.providers import base
from project import db, ids

if TYPE_CHECKING:
    from tests.browser.seed import Seed

QUIET = "kling-2.1-pro"  # no journey uses it


def fill(seed: Seed) -> None:
    """By the verbs that the desks call, in the name of root."""
    root = Staff(User.objects.get(email="root@example.com"))
    studio = Team.objects.get(uuid=ids.parse("team", seed.ids["studio_team"]))
    made = {
        name: Generation.objects.get(pk=ids.parse("gen", seed.ids[name])) for name in ("video", "failed", "doubted")
    }
    _prices(root, studio)
    _money_at_providers(seed, root, made)
    _heard(seed, made)
    raised = adjustments.propose(
        team=studio, amount=250_000_000, reason="Half a month was down", by=root, once=uuid.uuid4()
    )
    seed.ids["adjustment"] = raised.public_id
    seed.ids["staff_pk"] = str(User.objects.get(email="stan@example.com").pk)
    held = pauses.pause(scope="model", name=QUIET, note="Back this evening.", reason="Too many fail", by=root)
    seed.ids["pause"] = str(held.pk)
    reconcile.watch(reconcile.CHECKS + books.CHECKS)
    alert_watch.watch()
    alert = Alert.objects.get(kind=AlertKind.GAP, closed_at=None)
    alert_acts.acknowledge(by=root, number=alert.pk, text="Asked KIE about the day, ticket 8812.")
    seed.ids["alert"] = str(alert.pk)


def _prices(root: Staff, studio: Team) -> None:
    discounts.set_discount(
        team=studio, model=QUIET, ppm=100_000, reason="A year with us", by=root, sell_below_cost=True
    )
    version = offers.current_price(QUIET)
    draft = price_desk.Draft(margin_ppm=200_000, margins={}, fixed={})
    later = db.now() + timedelta(days=14)
    price_desk.publish(
        slug=QUIET, draft=draft, made_from=version.number, reason="Their list rose", by=root, effective_from=later
    )


def _money_at_providers(seed: Seed, root: Staff, made: dict[str, Generation]) -> None:
    now = db.now()
    yesterday = now - timedelta(days=1)
    top_ups.record(provider="kie", amount=500_000_000, paid_at=yesterday, note="Invoice 2026-11", by=root)
    for hours, amount in ((26, 90_000_000), (2, 584_200_000)):
        BalanceReading.objects.create(
            provider="kie", amount=amount, source="endpoint", taken_at=now - timedelta(hours=hours)
        )
    BalanceDay.objects.create(
        provider="kie",
        day=yesterday.date(),
        opened_at=yesterday - timedelta(hours=2),
        opened_with=90_000_000,
        closed_at=now - timedelta(hours=2),
        closed_with=584_200_000,
        topped_up=500_000_000,
        known=5_500_000,
        gap=300_000,
    )
    case, _ = cases.open_case(
        provider="kie",
        kind=CaseKind.BALANCE_GAP,
        subject=str(yesterday.date()),
        amount=300_000,
        note="The balance fell by $5.80, and we know of $5.50.",
    )
    cases.assign(public_id=case.public_id, owner=root.user, by=root)
    cases.note(public_id=case.public_id, text="Looks like one video whose answer was lost.", by=root)
    seed.ids["case"] = case.public_id
    rows = [
        Row(2, str(made["video"].provider_task_id), 300_000, now, "veo3_fast"),
        Row(3, str(made["failed"].provider_task_id), 300_000, now, "veo3_fast"),
        Row(4, "a-task-of-nobody", 45_000, now, "flux-kontext-pro"),
    ]
    bill = usage.bill_of(
        provider="kie",
        name="kie-november.csv",
        raw=json.dumps([row.task_id for row in rows]).encode(),
        since=now - timedelta(days=2),
        until=now - timedelta(seconds=1),
        rows=[Row(row.line, row.task_id, row.amount, now - timedelta(hours=1), row.model) for row in rows],
    )
    seed.ids["import"] = str(usage.take(bill, by=root).pk)


def _heard(seed: Seed, made: dict[str, Generation]) -> None:
    attempt = Attempt.objects.filter(generation=made["video"]).order_by("-number").first()
    assert attempt is not None
    task = str(made["video"].provider_task_id)
    body = json.dumps({"code": 200, "data": {"taskId": task, "info": {"resultUrls": []}}}).encode()
    heard = Callback.objects.create(
        attempt=attempt,
        body_hash=b"1" * 32,
        body=body,
        provider_task_id=task,
        verdict=CallbackVerdict.PROCESSED,
        deliveries=2,
        processed_at=Now(),
    )
    seed.ids["callback"] = str(heard.pk)
    refused.keep(provider="kie", why="no such address", attempt=None, raw=b'{"data": {"taskId": "forged"}}')
    refused.keep(provider="kie", why="the signature does not fit", attempt=attempt, raw=body)
    observation.keep_late_result(
        generation=made["failed"],
        task_id=str(made["failed"].provider_task_id),
        done=base.Done(sources=["https://example.com/late.mp4"], cost=300_000),
    )
