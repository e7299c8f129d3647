"""Random lives of a wallet: purchases, grants, charges, expiry, refunds and disputes, told late, twice, out of order.

Everything goes through the real services; only Stripe is a model, whose looks are handed to payments.apply. After each
step every recompute check must hold; at the end, when all was told, the books must say what Stripe says.
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

from django.db import IntegrityError, connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from accounts.audit import Staff
from accounts.models import Team, User
from billing import credits, expiries, holds, ledger, payments, reconcile, refunds, restrictions, statements
from billing.models import AccountKind, Entry, Hold, HoldState, Lot, LotKind, Origin, Payment, Refund
from project import db
from project.errors import Problem
from tests.invariants.stripe_model import AtStripe
from tests.world import person

CENT = 10_000
HOUR = timedelta(hours=1)
ANY = st.integers(0, 10**6)
YES = st.booleans()
PARTS = st.sampled_from([1, 2, 3, 4])  # quarters
# Each verb with how often it is chosen and what it is told. Not one @rule each: Hypothesis would leave out some of
# them in nearly every life, and nothing would come together.
VERBS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "buy": (5, {"cents": st.sampled_from([500, 999, 2500, 10_000]), "percent": st.sampled_from([0, 10]), "told": YES}),
    "grant": (2, {"amount": st.sampled_from([1, 9_999, 1_000_000, 7_000_000]), "ends": YES}),
    "hold": (8, {"quarters": PARTS}),
    "settle": (9, {"number": ANY, "quarters": st.sampled_from([0, 1, 3, 4, 4, 4])}),
    "grants_end": (2, {}),
    "staff_refund": (
        5,
        {
            "number": ANY,
            "quarters": PARTS,
            "answer": st.sampled_from(["succeeded", "succeeded", "pending", "failed", "lost"]),
        },
    ),
    "refund_at_stripe": (3, {"number": ANY, "quarters": PARTS}),
    "refund_becomes": (2, {"number": ANY, "status": st.sampled_from(["succeeded", "failed"])}),
    "dispute": (3, {"number": ANY}),
    "dispute_ends": (2, {"number": ANY, "status": st.sampled_from(["won", "lost"])}),
    "staff_lift": (1, {}),
    "tell": (9, {"number": ANY}),
    "tell_what_was": (5, {"number": ANY, "which": ANY}),
}
MOVES = st.sampled_from([verb for verb, (weight, _) in VERBS.items() for _ in range(weight)]).flatmap(
    lambda verb: st.tuples(st.just(verb), st.fixed_dictionaries(VERBS[verb][1]))
)


class WalletMachine(RuleBasedStateMachine):
    """One team, and a member of staff."""

    reached: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        with transaction.atomic():
            self.team = Team.objects.create(name="Life")
            ledger.open_wallet(self.team)
            staff = User.objects.filter(email="staff@example.com").first() or person("staff")
            User.objects.filter(pk=staff.pk).update(is_staff=True, is_superuser=True)
        self.staff = Staff(User.objects.get(pk=staff.pk))
        self.there: list[AtStripe] = []

    @rule(move=MOVES)
    def step(self, move: tuple[str, dict[str, Any]]) -> None:
        verb, told = move
        getattr(self, verb)(**told)

    # --- in -----------------------------------------------------------------------------------------------------
    def buy(self, cents: int, percent: int, told: bool) -> None:
        """Started, paid and perhaps told of at once."""
        amount, restricted = cents * CENT, restrictions.open_of(self.team) is not None
        try:
            row = db.in_transaction(
                lambda: payments.create(
                    team=self.team,
                    membership=None,
                    origin=Origin.CHECKOUT,
                    amount=amount,
                    bonus=amount * percent // 100,
                    lifetime=HOUR,
                )
            )
        except Problem:
            assert restricted
            self.reached["restricted"] += 1
            return
        assert not restricted
        at = AtStripe(row.pk, amount)
        self.there.append(at)
        at.look()
        at.pay()
        if told:
            self._tell(at)

    def grant(self, amount: int, ends: bool) -> None:
        def give() -> None:
            until = db.now() + HOUR if ends else None
            grant_id = uuid.uuid4()
            credits.grant(team=self.team, amount=amount, actor="t", reason="t", grant_id=grant_id, expires_at=until)

        db.in_transaction(give)

    # --- out ----------------------------------------------------------------------------------------------------
    def hold(self, quarters: int) -> None:
        amount = ledger.wallet(self.team.pk).available.balance * quarters // 4
        if not amount:
            return
        restricted = restrictions.open_of(self.team) is not None
        try:
            db.in_transaction(
                lambda: holds.hold(
                    team=self.team,
                    reference=f"test_{uuid.uuid4().hex}",
                    amount=amount,
                    expires_at=db.now() + HOUR,
                    actor="test",
                )
            )
            assert not restricted
        except (Problem, IntegrityError):
            assert restricted

    def settle(self, number: int, quarters: int) -> None:
        rows = list(Hold.objects.filter(team=self.team, state=HoldState.OPEN).order_by("created_at", "id"))
        if rows:
            row = rows[number % len(rows)]
            capture = row.amount * quarters // 4
            db.in_transaction(lambda: holds.settle(hold_id=row.pk, capture=capture, actor="t", reason="t"))
            self.reached["captured"] += bool(capture)

    def grants_end(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local session_replication_role = replica")
            cursor.execute(
                """update billing_lot set expires_at = now() - interval '1 s'
                   where expires_at is not null and team_id = %s""",
                [self.team.pk],
            )
        self.reached["expired"] += expiries.expire()

    # --- back ---------------------------------------------------------------------------------------------------
    def staff_refund(self, number: int, quarters: int, answer: str) -> None:
        at = self._one(number)
        if not at:
            return
        payment = Payment.objects.get(pk=at.pk)
        most = refunds.refundable(payment)
        assert most <= sum(Lot.objects.filter(team=self.team, kind=LotKind.PURCHASE).values_list("unspent", flat=True))
        amount = most * quarters // 4 // CENT * CENT
        try:
            row = refunds.ask(payment=payment, amount=amount, actor=self.staff, reason="t", source="admin")
        except Problem as problem:
            self.reached[f"no refund: {problem.code}"] += 1
            return
        self.reached["refunded"] += 1
        if at.contested or at.left < amount:
            db.in_transaction(lambda: refunds._refused(row.pk))  # what Stripe answers then
        elif answer != "lost":
            at.refund(amount, ours=row.uuid.hex, status=answer)

    def refund_at_stripe(self, number: int, quarters: int) -> None:
        at = self._one(number)
        if at and at.paid and not at.contested:
            amount = at.left * quarters // 4 // CENT * CENT
            if amount:
                at.refund(amount)
                at.look()

    def refund_becomes(self, number: int, status: str) -> None:
        at = self._one(number)
        if at:
            at.refund_becomes(status)

    def dispute(self, number: int) -> None:
        at = self._one(number)
        if at and at.paid and not at.contested:
            at.dispute()
            self.reached["disputed"] += 1

    def dispute_ends(self, number: int, status: str) -> None:
        at = self._one(number)
        if at:
            at.dispute_ends(status)

    def staff_lift(self) -> None:
        if restrictions.open_of(self.team):
            restrictions.lift(team=self.team, by=self.staff, reason="talked")
            self.reached["lifted"] += 1

    # --- told ---------------------------------------------------------------------------------------------------
    def tell(self, number: int) -> None:
        at = self._one(number)
        if at:
            self._tell(at)

    def tell_what_was(self, number: int, which: int) -> None:
        """An earlier look arrives now."""
        at = self._one(number)
        if at and at.looks:
            payments.apply(at.pk, at.looks[which % len(at.looks)], "webhook")
            self.reached["late"] += 1

    def _tell(self, at: AtStripe) -> None:
        payments.apply(at.pk, at.look(), "webhook")

    def _one(self, number: int) -> AtStripe | None:
        return self.there[number % len(self.there)] if self.there else None

    # --- always -------------------------------------------------------------------------------------------------
    @invariant()
    def the_books_hold(self) -> None:
        assert reconcile.failures() == []

    @invariant()
    def the_statement_adds_up(self) -> None:
        if hasattr(self, "team"):
            now = db.now()
            whole = statements.of_period(self.team, now - timedelta(days=2), now)
            assert whole.adds_up
            assert whole.closing.balance == ledger.wallet(self.team.pk).balance

    def teardown(self) -> None:
        """When all was told, twice, the books say what Stripe says; then nothing more moves."""
        if not hasattr(self, "team"):
            return
        for refund in Refund.objects.filter(team=self.team, status="pending"):
            at = next(at for at in self.there if at.pk == refund.payment_id)
            known = [each for each in at.refunds.values() if each.ours == refund.uuid.hex]
            if known and known[0].status == "pending":  # one that failed there stays so: nobody was told of it yet
                at.refunds[known[0].id] = type(known[0])(known[0].id, refund.amount, "succeeded", refund.uuid.hex)
            if not known:
                db.in_transaction(lambda pk=refund.pk: refunds._refused(pk))  # type: ignore[misc]
        for at in self.there:
            self._tell(at)
        counts = Entry.objects.count()
        for at in reversed(self.there):
            self._tell(at)
            payments.apply(at.pk, at.looks[0], "sweep")
        assert Entry.objects.count() == counts, "what was told before moved money"
        with_stripe = sum(
            Entry.objects.filter(
                account=ledger.house(AccountKind.STRIPE), transfer__payment__team=self.team
            ).values_list("delta", flat=True)
        )
        assert -with_stripe == sum(at.amount - at.went_back for at in self.there if at.paid)
        assert reconcile.failures() == []
        self.reached["lives"] += 1
