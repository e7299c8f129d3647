"""What the database refuses of what staff do to wallets (invariants.md L11)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from billing.models import Adjustment, Restriction, WalletFreeze
from project import db
from tests.invariants.refusals import Statement, each, expect_refusal
from tests.invariants.scene import DOLLAR, Scene

pytestmark = pytest.mark.django_db


def person(name: str) -> User:
    return User.objects.get_or_create(email=f"{name}@example.com", defaults={"name": name})[0]


def proposed(scene: Scene, **fields: Any) -> Adjustment:
    given = {"team": scene.team, "amount": 5 * DOLLAR, "limit": DOLLAR, "reason": "prize", "proposed_by": person("ann")}
    return Adjustment.objects.create(**{**given, **fields})


def decide(row: Adjustment, **fields: Any) -> None:
    Adjustment.objects.filter(pk=row.pk).update(**{"decided_at": db.now(), **fields})


def refused(scene: Scene) -> Adjustment:
    row = proposed(scene)
    decide(row, state="refused", decided_by=person("ben"), note="no")
    return row


def frozen(scene: Scene, **fields: Any) -> WalletFreeze:
    return WalletFreeze.objects.create(**{"team": scene.team, "reason": "fraud", "frozen_by": "staff:1", **fields})


def lifted(scene: Scene) -> WalletFreeze:
    row = frozen(scene)
    WalletFreeze.objects.filter(pk=row.pk).update(lifted_at=db.now(), lifted_by="staff:1")
    return row


def restricted(scene: Scene, **fields: Any) -> Restriction:
    return Restriction.objects.create(
        **{"team": scene.team, "owed": 0, "reason": "x", "placed_by": "staff:1", **fields}
    )


ADJUSTMENTS = [
    Statement(
        "the proposer posts above the limit",
        "adjustment_second_person",
        lambda scene, row: decide(row, state="posted", decided_by=person("ann")),
        proposed,
    ),
    Statement(
        "the proposer takes above the limit",
        "adjustment_second_person",
        lambda scene, row: decide(row, state="posted", decided_by=person("ann")),
        lambda scene: proposed(scene, amount=-5 * DOLLAR),
    ),
    Statement(
        "posted by nobody",
        "adjustment_decided_by_somebody",
        lambda scene, row: decide(row, state="posted"),
        proposed,
    ),
    Statement(
        "refused by nobody",
        "adjustment_decided_by_somebody",
        lambda scene, row: decide(row, state="refused"),
        proposed,
    ),
    Statement(
        "withdrawn at no time",
        "adjustment_decided_by_somebody",
        lambda scene, row: decide(row, state="withdrawn", decided_at=None),
        proposed,
    ),
    Statement(
        "born posted",
        "adjustments start proposed",
        lambda scene, _: proposed(scene, state="posted", decided_by=person("ben"), decided_at=db.now()),
    ),
    Statement("of nothing", "adjustment_amount", lambda scene, _: proposed(scene, amount=0)),
    Statement("below no limit", "adjustment_amount", lambda scene, _: proposed(scene, limit=-1)),
    Statement("without a reason", "adjustment_has_reason", lambda scene, _: proposed(scene, reason="")),
    Statement(
        "of an unknown state",
        "adjustment_(state_known|decided_by)",
        lambda scene, row: decide(row, state="done"),
        proposed,
    ),
    Statement(
        "what is taken expires",
        "adjustment_only_gifts_expire",
        lambda scene, _: proposed(scene, amount=-1, expires_at=db.now()),
    ),
    Statement(
        "its amount changes",
        "stays as it was proposed",
        lambda scene, row: Adjustment.objects.filter(pk=row.pk).update(amount=1),
        proposed,
    ),
    Statement(
        "its limit changes as it is posted",
        "stays as it was proposed",
        lambda scene, row: decide(row, state="posted", decided_by=person("ann"), limit=100 * DOLLAR),
        proposed,
    ),
    Statement(
        "decided twice",
        "decided once",
        lambda scene, row: decide(row, state="posted", decided_by=person("ben")),
        refused,
    ),
    Statement("deleted", "append-only", lambda scene, row: row.delete(), proposed),
    Statement(
        "the same form twice",
        "billing_adjustment_uuid_key",
        lambda scene, row: proposed(scene, uuid=row.uuid),
        proposed,
    ),
]
FREEZES = [
    Statement("two open", "wallet_freeze_one_open", lambda scene, _: frozen(scene), frozen),
    Statement("without a reason", "wallet_freeze_has_reason", lambda scene, _: frozen(scene, reason="")),
    Statement(
        "its reason changes",
        "lifted once and stays",
        lambda scene, row: WalletFreeze.objects.filter(pk=row.pk).update(reason="other"),
        frozen,
    ),
    Statement(
        "lifted twice",
        "lifted once and stays",
        lambda scene, row: WalletFreeze.objects.filter(pk=row.pk).update(lifted_by="staff:2"),
        lifted,
    ),
    Statement("deleted", "append-only", lambda scene, row: row.delete(), frozen),
    Statement(
        "a hold of a frozen wallet",
        "frozen wallet holds nothing",
        lambda scene, _: scene.bare_hold("new"),
        frozen,
    ),
]
RESTRICTIONS = [
    Statement("two open", "restriction_one_open", lambda scene, _: restricted(scene), restricted),
    Statement("owes less than nothing", "restriction_owed", lambda scene, _: restricted(scene, owed=-1)),
    Statement("a hold", "restricted team holds nothing", lambda scene, _: scene.bare_hold("new"), restricted),
    Statement("deleted", "append-only", lambda scene, row: row.delete(), restricted),
]


@each(ADJUSTMENTS)
def test_adjustments(scene: Scene, statement: Statement) -> None:
    expect_refusal(scene, statement)


@each(FREEZES)
def test_freezes(scene: Scene, statement: Statement) -> None:
    expect_refusal(scene, statement)


@each(RESTRICTIONS)
def test_restrictions_by_staff(scene: Scene, statement: Statement) -> None:
    expect_refusal(scene, statement)
