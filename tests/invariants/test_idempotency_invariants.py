"""invariants.md I1 to I5: one key, one request, one answer, for 72 hours (faults.md rows 59 and 60)."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import keys
from accounts.actors import Actor
from billing import credits, ledger, reconcile
from billing.models import AccountKind, Lot, TransferKind
from generations import idempotency, intake
from generations.idempotency import Answer, fingerprint
from generations.models import Generation, IdempotencyRecord
from project import queue
from project.errors import Conflict, Invalid, PaymentRequired
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept, render, request
from tests.world import FIRST_CREDIT, World

FLUX = "flux-kontext-pro"
DATA = {"prompt": "once"}
DEAR = {"prompt": "at a loss"}


def _submit(actor: Actor, data: dict[str, Any], key: str) -> Answer:
    return intake.accept(actor=actor, request=request(FLUX, data, key=key), render=render)[1]


def _spend_all(world: World) -> None:
    """Leaves nothing to hold."""
    with transaction.atomic():
        wallet = ledger.lock_wallet(world.team.pk)
        ledger.post(
            key="test:all",
            kind=TransferKind.REVERSAL,
            debit=wallet.available,
            credit=ledger.house(AccountKind.GRANTS),
            amount=wallet.available.balance,
            lot=Lot.objects.get(team=world.team),
            actor="test",
            reason="test",
        )


def test_I1_a_key_answers_the_same_for_ever(committed_world: World) -> None:
    actor = committed_world.actor()
    first = _submit(actor, DATA, "k")
    for _ in range(3):
        again = _submit(actor, DATA, "k")
        assert (again.status, again.body, again.headers) == (first.status, first.body, first.headers)
    assert Generation.objects.count() == 1
    assert len(queue.pending()) == 1
    assert ledger.wallet(committed_world.team.pk).held.balance == 25_000


@pytest.mark.parametrize("data", [{"prompt": "twice"}, {**DATA, "aspectRatio": "1:1"}, {"prompt": ""}, {}])
def test_I2_a_key_for_another_request_does_nothing(committed_world: World, data: dict[str, Any]) -> None:
    actor = committed_world.actor()
    _submit(actor, DATA, "k")
    with pytest.raises(Invalid) as refused:
        _submit(actor, data, "k")
    assert (refused.value.status, refused.value.code) == (422, "idempotency_key_reused")
    assert Generation.objects.count() == 1
    assert ledger.wallet(committed_world.team.pk).available.balance == FIRST_CREDIT - 25_000


def test_I3_a_402_stays_after_a_top_up(committed_world: World) -> None:
    actor = committed_world.actor()
    _spend_all(committed_world)
    first = _submit(actor, DATA, "k")
    assert (first.status, first.body["code"]) == (402, "insufficient_credit")
    with transaction.atomic():
        credits.grant(team=committed_world.team, amount=10**6, actor="t", reason="t", grant_id=uuid.uuid4())
    again = _submit(actor, DATA, "k")
    assert (again.status, again.body) == (402, first.body)
    assert Generation.objects.count() == 0
    assert _submit(actor, DATA, "another").status == 201
    assert reconcile.failures(ALL_CHECKS) == []


def test_a_402_without_a_key_keeps_nothing(committed_world: World) -> None:
    _spend_all(committed_world)
    with pytest.raises(PaymentRequired):
        accept(committed_world.actor(), FLUX, DATA)
    assert (IdempotencyRecord.objects.count(), Generation.objects.count(), queue.pending()) == (0, 0, [])


def test_I4_what_is_wrong_with_a_request_is_not_kept(committed_world: World) -> None:
    """A validation error and a price that moved say nothing about the key: the corrected request may use it."""
    actor = committed_world.actor()
    with pytest.raises(Invalid):
        _submit(actor, {}, "k")
    with pytest.raises(Conflict):
        intake.accept(actor=actor, request=request(FLUX, DATA, key="k", max_price=1), render=render)
    assert IdempotencyRecord.objects.count() == 0
    assert _submit(actor, DATA, "k").status == 201


def test_I5_keys_are_kept_72_hours(committed_world: World) -> None:
    actor = committed_world.actor()
    _submit(actor, DATA, "old")
    _submit(actor, DATA, "young")
    for key, hours in ("old", 73), ("young", 71):
        _age(key, hours)
    assert idempotency.prune() == 1
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["young"]


def _age(key: str, hours: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute(
            """update generations_idempotencyrecord set created_at = clock_timestamp() - make_interval(hours => %s)
               where key = %s""",
            [hours, key],
        )
        cursor.execute("set session_replication_role = origin")


def test_the_same_key_of_another_team_is_another_key(committed_world: World) -> None:
    elsewhere = keys.find(committed_world.other_key)
    first, second = _submit(committed_world.actor(), DATA, "k"), _submit(elsewhere, DEAR, "k")
    assert (first.status, second.status) == (201, 201)
    assert first.body != second.body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(one=JSON, other=JSON)
def test_I2_a_fingerprint_is_of_the_meaning(one: Any, other: Any) -> None:
    """The same JSON in any order of fields has one fingerprint; any other value, method or path has another."""
    same = json.loads(json.dumps(one, sort_keys=True))
    prints = [fingerprint(method="POST", path="/g", body=body) for body in (one, same, other)]
    assert prints[0] == prints[1]
    # by their text: in Python True == 1
    assert (prints[0] == prints[2]) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))
    assert fingerprint(method="PUT", path="/g", body=one) != prints[0]
    assert fingerprint(method="POST", path="/h", body=one) != prints[0]
