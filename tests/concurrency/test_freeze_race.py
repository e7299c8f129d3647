"""Staff at the same moment as others: no hold slips in beside a freeze, two second persons post once."""

from __future__ import annotations

import uuid
from functools import partial

from accounts.audit import Staff
from billing import adjustments, freezes, reconcile
from billing.models import Account, Adjustment, Hold
from project.errors import Conflict, Forbidden
from project.money import USD
from tests.concurrency.racing import race, split
from tests.invariants.steps import accept
from tests.oversight.conftest import staff_of
from tests.world import World

DATA = {"prompt": "beside a freeze"}


def test_no_hold_slips_in_beside_a_freeze(committed_world: World) -> None:
    world, staff = committed_world, Staff(staff_of("ann", "freeze_wallets"))
    actor = world.actor()

    def freeze() -> int:
        freezes.freeze(team=world.team, by=staff, reason="fraud")
        return Hold.objects.count()

    def make() -> int:
        accept(actor, "flux-kontext-pro", DATA)
        return -1

    won, refused = split(race([make, make, make, freeze, make, make, make]))
    (seen,) = [count for count in won if count >= 0]
    assert Hold.objects.count() == seen == won.count(-1)
    assert all(isinstance(error, Forbidden) and error.code == "wallet_frozen" for error in refused)
    assert seen + len(refused) == 6


def test_two_second_persons_and_a_double_press(committed_world: World) -> None:
    world = committed_world
    ann, ben, cleo = (
        Staff(staff_of(name, "adjust_credit", "approve_adjustments", "grant_credit")) for name in ("ann", "ben", "cleo")
    )
    key = uuid.uuid4()
    propose = partial(adjustments.propose, team=world.team, amount=200 * USD, reason="prize", by=ann, once=key)
    rows, raised = split(race([propose] * 3))
    assert raised == []
    assert {row.pk for row in rows} == {Adjustment.objects.get().pk}
    post = [partial(adjustments.post, adjustment=rows[0], by=by) for by in (ben, cleo, ben)]
    refuse = partial(adjustments.refuse, adjustment=rows[0], by=cleo, note="no")
    decided, raised = split(race([*post, refuse]))
    assert len(decided) == 1
    assert {type(error) for error in raised} == {Conflict}
    given = partial(adjustments.grant, team=world.team, amount=USD, reason="x", by=ann, once=uuid.uuid4())
    assert split(race([given] * 3))[1] == []
    row = Adjustment.objects.get()
    after = 10 * USD + USD + (200 * USD if row.state == "posted" else 0)
    assert Account.objects.get(team=world.team, kind="available").balance == after
    assert reconcile.failures() == []


def test_the_limit_of_a_person_holds_for_acts_at_once(committed_world: World) -> None:
    world, ann = committed_world, Staff(staff_of("ann", "adjust_credit", "grant_credit"))
    give = [
        partial(verb, team=world.team, amount=60 * USD, reason="x", by=ann, once=uuid.uuid4())
        for verb in (adjustments.propose, adjustments.grant, adjustments.propose)
    ]
    assert split(race(give))[1] == []
    assert Account.objects.get(team=world.team, kind="available").balance == 70 * USD
    assert Adjustment.objects.filter(state="proposed").count() == 2
