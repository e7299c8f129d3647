"""invariants.md L10: lots, totals of days and payments are kept by the database alone; what breaks them is refused."""

from __future__ import annotations

from typing import Any

from billing.models import Lot
from tests.invariants.refusals import Statement, each, expect_refusal
from tests.invariants.scene import DOLLAR, Scene


def _of_lot(kind: str, debit: str, credit: str, amount: int, **more: Any) -> Any:
    def send(scene: Scene, _: Any) -> None:
        scene.frozen()
        accounts = scene.account(debit), scene.account(credit)
        scene.transfer(kind, *accounts, amount, **{"lot": scene.lot(), **more})

    return send


def _freeze(scene: Scene) -> int:
    return scene.transfer("freeze", scene.account("available"), scene.frozen(), DOLLAR, lot=scene.lot())


def _unfreeze(scene: Scene, freeze: int, amount: int = DOLLAR, lot: int | None = None) -> int:
    accounts = scene.frozen(), scene.account("available")
    return scene.transfer("unfreeze", *accounts, amount, lot=lot or scene.lot(), follows=freeze)


def _lose(scene: Scene, freeze: int) -> None:
    scene.transfer("reversal", scene.frozen(), scene.account("stripe"), DOLLAR, lot=scene.lot(), follows=freeze)


def _freeze_and_unfreeze(scene: Scene) -> int:
    freeze = _freeze(scene)
    _unfreeze(scene, freeze)
    return freeze


def _of_another_lot(scene: Scene, freeze: int) -> None:
    scene.topup()
    scene.transfer("freeze", scene.account("available"), scene.frozen(), DOLLAR, lot=scene.lot("purchase"))
    _unfreeze(scene, freeze, lot=scene.lot("purchase"))


def _restore_elsewhere(scene: Scene, _: Any) -> None:
    """What was paid back to a card comes back as a grant."""
    back = scene.transfer("reversal", scene.account("available"), scene.account("stripe"), DOLLAR, lot=scene.lot())
    accounts = scene.account("grants"), scene.account("available")
    scene.transfer("restore", *accounts, DOLLAR, lot=scene.lot(), follows=back)


def _bonus_of_another_team(scene: Scene, payment: int) -> None:
    accounts = scene.account("grants"), scene.account("available", scene.other)
    scene.transfer("grant", *accounts, DOLLAR, payment=payment)


def _overspend_a_lot(scene: Scene, _: Any) -> None:
    """The team has it, the lot has not."""
    scene.topup()
    accounts = scene.account("available"), scene.account("stripe")
    scene.transfer("reversal", *accounts, 2 * DOLLAR, lot=scene.lot("purchase"))


def _now(scene: Scene) -> None:
    scene.sql("set constraints all immediate")


def _credited_twice(scene: Scene, payment: int) -> None:
    accounts = scene.account("stripe"), scene.account("available")
    scene.transfer("topup", *accounts, DOLLAR, payment=payment)


def _dearer(scene: Scene, payment: int) -> None:
    accounts = scene.account("stripe"), scene.account("available")
    scene.transfer("topup", *accounts, 2 * DOLLAR, payment=payment)
    scene.paid(payment)
    _now(scene)


def _unpaid_credit(scene: Scene, payment: int) -> None:
    accounts = scene.account("stripe"), scene.account("available")
    scene.transfer("topup", *accounts, DOLLAR, payment=payment)
    _now(scene)


def _paid_without_credit(scene: Scene, payment: int) -> None:
    scene.paid(payment)
    _now(scene)


def _without_its_bonus(scene: Scene, payment: int) -> None:
    accounts = scene.account("stripe"), scene.account("available")
    scene.transfer("topup", *accounts, DOLLAR, payment=payment)
    scene.paid(payment)
    _now(scene)


def _restricted(scene: Scene) -> None:
    scene.sql(
        """insert into billing_restriction (team_id, payment_id, owed, reason, lifted_by)
           values (%s, %s, 1, 'x', '')""",
        scene.team.pk,
        scene.topup(),
    )


def _sql(text: str) -> Any:
    return lambda scene, _: scene.sql(text)


STATEMENTS = [
    Statement("lot by hand", "billing_lot is written by transfers only", _sql("update billing_lot set taken = 1")),
    Statement(
        "lot inserted by hand",
        "billing_lot is written by transfers only",
        _sql(
            """insert into billing_lot (team_id, kind, transfer_id, amount, unspent, held, spent, frozen, taken,
                                        expired)
               select team_id, kind, transfer_id, 5, 5, 0, 0, 0, 0, 0 from billing_lot"""
        ),
    ),
    Statement("lot deleted", "billing_lot is append-only", _sql("delete from billing_lot")),
    Statement(
        "move by hand",
        "billing_lotmove is written by transfers only",
        _sql("insert into billing_lotmove (transfer_id, lot_id, amount) select transfer_id, id, 1 from billing_lot"),
    ),
    Statement("move changed", "billing_lotmove is append-only", _sql("update billing_lotmove set amount = 1")),
    Statement(
        "a day's total by hand",
        "billing_daytotal is written by transfers only",
        _sql("update billing_daytotal set amount = 1"),
    ),
    Statement("a day's total deleted", "billing_daytotal is append-only", _sql("delete from billing_daytotal")),
    Statement(
        "a day's spend by hand",
        "billing_spendday is written by transfers only",
        lambda scene, _: scene.sql(
            """insert into billing_spendday (team_id, day, subject, amount, count) values (%s, now(), 'x', 1, 1)""",
            scene.team.pk,
        ),
    ),
    Statement("more than a lot has", "lot_parts_positive", _overspend_a_lot),
    Statement(
        "reversal without a lot",
        "a reversal names its lot",
        _of_lot("reversal", "available", "stripe", DOLLAR, lot=None),
    ),
    Statement(
        "expiry without a lot", "transfer_lot_iff_of_lot", _of_lot("expiry", "available", "grants", DOLLAR, lot=None)
    ),
    Statement(
        "lot of another team",
        "lot of another team",
        lambda scene, _: scene.transfer(
            "expiry",
            scene.account("available"),
            scene.account("grants"),
            DOLLAR,
            lot=scene.lot("grant", scene.other),
        ),
    ),
    Statement("grant into a lot", "transfer_lot_iff_of_lot", _of_lot("grant", "grants", "available", DOLLAR)),
    Statement(
        "purchase that expires",
        "transfer_only_grants_expire",
        lambda scene, _: scene.transfer(
            "topup",
            scene.account("stripe"),
            scene.account("available"),
            DOLLAR,
            payment=scene.payment(),
            expires_at=scene.sql("select now() + interval '1 day'")[0][0],
        ),
    ),
    Statement(
        "topup of no payment",
        "transfer_topup_of_payment",
        lambda scene, _: scene.transfer("topup", scene.account("stripe"), scene.account("available"), DOLLAR),
    ),
    Statement(
        "write-off of no payment",
        "a write-off names its payment",
        lambda scene, _: scene.transfer("reversal", scene.account("writeoff"), scene.account("stripe"), DOLLAR),
    ),
    Statement(
        "unfreeze of nothing", "unfreeze follows what it ends", _of_lot("unfreeze", "frozen", "available", DOLLAR)
    ),
    Statement("loss of nothing", "reversal follows what it ends", _of_lot("reversal", "frozen", "stripe", DOLLAR)),
    Statement("restore of nothing", "restore follows what it ends", _of_lot("restore", "stripe", "available", DOLLAR)),
    Statement(
        "half an unfreeze",
        "it ends another movement",
        lambda scene, freeze: _unfreeze(scene, freeze, DOLLAR // 2),
        before=_freeze,
    ),
    Statement("unfreeze of another lot", "it ends another movement", _of_another_lot, before=_freeze),
    Statement(
        "unfreeze twice",
        "billing_transfer_follows_id",
        lambda scene, freeze: (_freeze(scene), _unfreeze(scene, freeze)),
        before=_freeze_and_unfreeze,
    ),
    Statement(
        "lost after won",
        "billing_transfer_follows_id",
        lambda scene, freeze: (_freeze(scene), _lose(scene, freeze)),
        before=_freeze_and_unfreeze,
    ),
    Statement("restore from elsewhere", "it ends another movement", _restore_elsewhere),
    Statement(
        "bonus of another team's payment",
        "payment of another team",
        _bonus_of_another_team,
        before=lambda scene: scene.payment(bonus=DOLLAR),
    ),
    Statement("credited twice", "transfer_one_topup", _credited_twice, before=lambda scene: scene.topup()),
    Statement("more than was paid", "credited 2000000", _dearer, before=lambda scene: scene.payment()),
    Statement(
        "credit for a pending payment", "payment pending but credited", _unpaid_credit, before=lambda s: s.payment()
    ),
    Statement("paid without credit", "payment paid but", _paid_without_credit, before=lambda s: s.payment()),
    Statement(
        "paid without its bonus", "credited 1000000 and 0", _without_its_bonus, before=lambda s: s.payment(bonus=DOLLAR)
    ),
    Statement("payment of half a cent", "payment_whole_cents", lambda scene, _: scene.payment(amount=DOLLAR + 5_000)),
    Statement(
        "payment born paid",
        "payments start pending",
        lambda scene, _: scene.sql(
            """insert into billing_payment (uuid, team_id, origin, status, amount, bonus, currency, customer, failure,
                 invoice, card, credited_by, paid_at, payment_intent, expires_at)
               values (gen_random_uuid(), %s, 'checkout', 'paid', 10000, 0, 'usd', '', '', '{}', '', '', now(), 'pi_1',
                       now())""",
            scene.team.pk,
        ),
    ),
    Statement(
        "another amount later",
        "payment identity is fixed",
        _sql("update billing_payment set amount = amount * 2"),
        before=lambda scene: scene.payment(),
    ),
    Statement(
        "another intent later",
        "a payment keeps its place at Stripe",
        _sql("update billing_payment set payment_intent = 'pi_other'"),
        before=lambda scene: scene.topup(),
    ),
    Statement(
        "paid to pending",
        "payment paid to pending",
        _sql("update billing_payment set status = 'pending', paid_at = null"),
        before=lambda scene: scene.topup(),
    ),
    Statement(
        "payment deleted",
        "billing_payment is append-only",
        _sql("delete from billing_payment"),
        before=lambda scene: scene.payment(),
    ),
    Statement(
        "hold of a restricted team",
        "a restricted team holds nothing",
        lambda scene, _: scene.bare_hold("test_restricted"),
        before=_restricted,
    ),
    Statement(
        "payment of a restricted team",
        "a restricted team buys nothing",
        lambda scene, _: scene.payment(),
        before=_restricted,
    ),
]


@each(STATEMENTS)
def test_refused(scene: Scene, statement: Statement) -> None:
    expect_refusal(scene, statement)


def test_L10_grants_are_spent_before_purchases_the_soonest_to_expire_first(scene: Scene) -> None:
    """$10 granted without end, $1 granted for an hour, $1 bought: a hold of $11.50 and what comes back of it."""
    scene.topup()
    soon = scene.sql("select now() + interval '1 hour'")[0][0]
    scene.transfer("grant", scene.account("grants"), scene.account("available"), DOLLAR, expires_at=soon)
    hold = scene.hold(amount=11 * DOLLAR + DOLLAR // 2)
    endless, bought, short = Lot.objects.filter(team=scene.team).order_by("id")
    assert (short.unspent, short.held) == (0, DOLLAR)
    assert (endless.unspent, endless.held) == (0, 10 * DOLLAR)
    assert (bought.unspent, bought.held) == (DOLLAR // 2, DOLLAR // 2)
    scene.capture(hold, 2 * DOLLAR)
    scene.release(hold, 9 * DOLLAR + DOLLAR // 2)
    parts = list(Lot.objects.filter(team=scene.team).order_by("id").values_list("unspent", "held", "spent"))
    assert parts == [(9 * DOLLAR, 0, DOLLAR), (DOLLAR, 0, 0), (0, 0, DOLLAR)]


def test_L10_a_release_before_its_capture_ends_the_same(scene: Scene) -> None:
    """The two movements of a settlement may come in either order: what was granted is spent first."""
    scene.topup(2 * DOLLAR)
    hold = scene.hold(amount=11 * DOLLAR)
    scene.release(hold, DOLLAR // 2)
    scene.capture(hold, 11 * DOLLAR - DOLLAR // 2)
    parts = list(Lot.objects.filter(team=scene.team).order_by("id").values_list("unspent", "held", "spent"))
    assert parts == [(0, 0, 10 * DOLLAR), (DOLLAR + DOLLAR // 2, 0, DOLLAR // 2)]


def test_what_ends_well_passes(scene: Scene) -> None:
    """The right neighbors of what is refused above."""
    _lose(scene, _freeze(scene))
    _freeze_and_unfreeze(scene)
    back = scene.transfer("reversal", scene.account("available"), scene.account("stripe"), 5, lot=scene.lot())
    accounts = scene.account("stripe"), scene.account("available")
    scene.transfer("restore", *accounts, 5, lot=scene.lot(), follows=back)
    payment = scene.payment(bonus=DOLLAR)
    scene.transfer("topup", scene.account("stripe"), scene.account("available"), DOLLAR, payment=payment)
    scene.transfer("grant", scene.account("grants"), scene.account("available"), DOLLAR, payment=payment)
    scene.paid(payment)
    scene.transfer("reversal", scene.account("writeoff"), scene.account("stripe"), 5, payment=payment)
    _now(scene)
    assert scene.sql("select sum(taken), sum(frozen) from billing_lot") == [(DOLLAR, 0)]
