"""invariants.md section 4: L1 to L9, each by its name. What the single statements are is in test_refused_*.py."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import credits, holds, ledger
from billing.models import Account, AccountKind, Entry, Lot, Payment, Transfer, TransferKind
from tests.invariants.scene import DOLLAR, Scene

HOUSE = ("stripe", "grants", "revenue", "writeoff")
ACCOUNTS = ("available", "held", "frozen", *HOUSE)
LEGS = {
    "topup": {("stripe", "available")},
    "grant": {("grants", "available")},
    "hold": {("available", "held")},
    "capture": {("held", "revenue")},
    "release": {("held", "available")},
    "reversal": {("available", "stripe"), ("writeoff", "stripe"), ("available", "grants"), ("frozen", "stripe")},
    "expiry": {("available", "grants")},
    "freeze": {("available", "frozen")},
    "unfreeze": {("frozen", "available")},
    "restore": {("stripe", "available"), ("grants", "available"), ("stripe", "writeoff")},
}


def _some_life(scene: Scene) -> None:
    """A bit of everything."""
    for amount, capture in ((DOLLAR, DOLLAR), (DOLLAR, DOLLAR // 3), (DOLLAR, 0)):
        hold = scene.hold(amount=amount)
        holds.settle(hold_id=hold.pk, capture=capture, actor="test", reason="test")
    scene.hold()
    scene.topup()
    scene.transfer("reversal", scene.account("available"), scene.account("grants"), 3, lot=scene.lot())
    scene.transfer("expiry", scene.account("available"), scene.account("grants"), 4, lot=scene.lot())
    freeze = scene.transfer("freeze", scene.account("available"), scene.frozen(), 5, lot=scene.lot("purchase"))
    scene.transfer("unfreeze", scene.frozen(), scene.account("available"), 5, lot=scene.lot("purchase"), follows=freeze)


def test_L1_conservation(scene: Scene) -> None:
    _some_life(scene)
    assert sum(Entry.objects.values_list("delta", flat=True)) == 0
    for transfer in Transfer.objects.all():
        legs = sorted(transfer.entries.values_list("account_id", "delta"), key=lambda leg: leg[1])
        assert legs == [(transfer.debit_id, -transfer.amount), (transfer.credit_id, transfer.amount)]


def test_L2_a_balance_is_the_sum_of_its_entries(scene: Scene) -> None:
    _some_life(scene)
    for account in Account.objects.exclude(team=None):
        assert account.balance == sum(account.entries.values_list("delta", flat=True))
    assert set(Account.objects.filter(team=None).values_list("balance", "version")) == {(0, 0)}


def test_L2_no_hand_moves_a_balance(scene: Scene) -> None:
    account = Account.objects.get(pk=scene.account("available"))
    account.balance += 1
    with pytest.raises(DatabaseError, match="balance moves only by transfer"), transaction.atomic():
        account.save()


def test_L3_versions_run_without_a_gap(scene: Scene) -> None:
    _some_life(scene)
    for account in Account.objects.exclude(team=None):
        chain = list(account.entries.order_by("account_version"))
        assert [entry.account_version for entry in chain] == list(range(1, len(chain) + 1))
        balance = 0
        for entry in chain:
            balance += entry.delta
            assert entry.balance_after == balance
        assert (account.version, account.balance) == (len(chain), balance)


def test_L5_each_command_happens_once(scene: Scene) -> None:
    grant_id, hold = uuid.uuid4(), scene.hold(reference="test_once")
    for _ in range(2):
        credits.grant(team=scene.team, amount=DOLLAR, actor="a", reason="r", grant_id=grant_id)
        holds.settle(hold_id=hold.pk, capture=DOLLAR // 4, actor="a", reason="r")
    with pytest.raises(IntegrityError, match="billing_hold_reference"), transaction.atomic():
        scene.hold(reference="test_once")
    keys = [f"grant:{grant_id.hex}", "hold:test_once", "capture:test_once", "release:test_once"]
    assert list(Transfer.objects.filter(key__in=keys).order_by("id").values_list("key", flat=True)) == [
        "hold:test_once",
        keys[0],
        "capture:test_once",
        "release:test_once",
    ]
    assert ledger.wallet(scene.team.pk).available.balance == 11 * DOLLAR - DOLLAR // 4


@pytest.mark.parametrize("change", ["amount", "kind", "debit", "credit", "lot", "payment", "follows"])
def test_L5_a_key_never_stands_for_two_movements(scene: Scene, change: str) -> None:
    wallet = ledger.wallet(scene.team.pk)
    movement: dict[str, Any] = {
        "key": "test:once",
        "kind": TransferKind.REVERSAL,
        "debit": wallet.available,
        "credit": ledger.house(AccountKind.STRIPE),
        "amount": DOLLAR,
        "lot": Lot.objects.get(pk=scene.lot()),
    }
    first = ledger.post(actor="a", reason="r", **movement)
    assert ledger.post(actor="b", reason="again", **movement) == first
    others = {
        "amount": DOLLAR + 1,
        "kind": TransferKind.EXPIRY,
        "debit": ledger.wallet(scene.other.pk).available,
        "credit": ledger.house(AccountKind.GRANTS),
        "lot": None,
        "payment": Payment.objects.get(pk=scene.payment()),
        "follows": Transfer.objects.latest("id"),
    }
    before = scene.fingerprint()
    with pytest.raises(ledger.KeyReused), transaction.atomic():
        ledger.post(actor="a", reason="r", **(movement | {change: others[change]}))
    assert scene.fingerprint() == before


NO_AMOUNTS = st.one_of(
    st.integers(max_value=0),
    st.integers(min_value=10**15),
    st.booleans(),
    st.floats(),
    st.decimals(),
    st.none(),
    st.text(),
    st.sampled_from(["1e3", "NaN", "Infinity", "١٠٠", "1_000", "0x10", b"5", 2**63, -(2**63), 2**64]),
)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(amount=NO_AMOUNTS)
def test_L6_an_amount_is_a_positive_whole_number_below_10_to_15(scene: Scene, amount: Any) -> None:
    wallet = ledger.wallet(scene.team.pk)
    before = scene.fingerprint()
    with pytest.raises((ValueError, DatabaseError)), transaction.atomic():
        ledger.post(
            key="test:amount",
            kind=TransferKind.GRANT,
            debit=ledger.house(AccountKind.GRANTS),
            credit=wallet.available,
            amount=amount,
            actor="a",
            reason="r",
        )
    assert scene.fingerprint() == before


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e3", "9223372036854775808"])
def test_L6_the_column_itself_takes_whole_numbers_only(scene: Scene, amount: str) -> None:
    """NUMERIC would take NaN through a CHECK (section 1, fact 5)."""
    with pytest.raises(DatabaseError, match="bigint"), transaction.atomic():
        scene.sql(
            """insert into billing_transfer (key, kind, debit_id, credit_id, amount, actor, reason)
               values ('k', 'grant', %s, %s, cast(cast(%s as text) as bigint), 'a', 'r')""",
            scene.account("grants"),
            scene.account("available"),
            amount,
        )


def test_L6_every_column_of_money_is_a_bigint(scene: Scene) -> None:
    """No float and no Decimal column anywhere in our tables (design section 1)."""
    rows = scene.sql(
        """select table_name, column_name, data_type from information_schema.columns
           where table_schema = 'public' and (table_name like 'billing\\_%%' or table_name like 'generations\\_%%')
             and data_type in ('numeric', 'real', 'double precision', 'money')"""
    )
    assert rows == []


def _overdraw(scene: Scene, amount: int) -> None:
    with transaction.atomic():
        hold = scene.bare_hold("test_dear", amount=amount)
        scene.transfer("hold", scene.account("available"), scene.account("held"), amount, hold=hold)


@pytest.mark.parametrize("amount", [10 * DOLLAR + 1, 10**14])
def test_L7_no_overdraft(scene: Scene, amount: int) -> None:
    with pytest.raises(DatabaseError, match="account_no_overdraft"):
        _overdraw(scene, amount)
    scene.hold(amount=10 * DOLLAR)  # the last credit may go
    assert ledger.wallet(scene.team.pk).available.balance == 0


def _given(scene: Scene, kind: str, debit: str, credit: str) -> dict[str, Any]:
    """What a transfer of this kind has to name."""
    if kind == "topup":
        return {"payment": scene.payment()}
    if kind == "reversal" and debit == "writeoff":
        return {"payment": scene.topup()}
    if (kind, credit) == ("restore", "writeoff"):
        payment = scene.topup()
        accounts = scene.account("writeoff"), scene.account("stripe")
        return {"payment": payment, "follows": scene.transfer("reversal", *accounts, DOLLAR, payment=payment)}
    lot = {"lot": scene.lot()} if kind in ("reversal", "expiry", "freeze", "unfreeze", "restore") else {}
    first = [scene.account("available"), scene.account("frozen")]
    if kind == "restore":
        house = [scene.account(debit if debit in ("stripe", "grants") else "grants")]
        return lot | {"follows": scene.transfer("reversal", first[0], house[0], DOLLAR, **lot)}
    if kind == "unfreeze" or (kind, debit) == ("reversal", "frozen"):
        return lot | {"follows": scene.transfer("freeze", *first, DOLLAR, **lot)}
    return lot


def _try_legs(scene: Scene, kind: str, debit: str, credit: str) -> str:
    """Posts and takes back; the database's refusal, or nothing."""
    try:
        with transaction.atomic():
            hold = None
            if kind == "hold":
                hold = scene.bare_hold("test_legs")
            elif kind in ("capture", "release"):
                hold = scene.hold()
            given = _given(scene, kind, debit, credit)
            scene.transfer(kind, scene.account(debit), scene.account(credit), DOLLAR, hold=hold, **given)
            if kind == "topup":
                scene.paid(given["payment"])
            scene.sql("set constraints all immediate")
            transaction.set_rollback(True)
    except DatabaseError as error:
        return str(error)
    finally:
        scene.sql("set constraints all deferred")
    return ""


@pytest.mark.parametrize("kind", LEGS)
def test_L9_only_listed_leg_pairs(scene: Scene, kind: str) -> None:
    """All 49 pairs of accounts for each kind: the listed ones pass, the others are refused."""
    scene.hold(amount=2 * DOLLAR)  # money on every side that keeps a balance
    scene.transfer("freeze", scene.account("available"), scene.frozen(), 2 * DOLLAR, lot=scene.lot())
    verdicts = {(debit, credit): _try_legs(scene, kind, debit, credit) for debit in ACCOUNTS for credit in ACCOUNTS}
    assert {pair for pair, refusal in verdicts.items() if not refusal} == LEGS[kind]
    assert all("bad legs" in refusal or "transfer_two_accounts" in refusal for refusal in verdicts.values() if refusal)
