"""Two teams with money and generations in any state, for whoever wants to break a rule of the database.

Money moves through the real services; the statements under test go to PostgreSQL as they stand.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import Team
from billing import credits, holds, ledger
from billing.models import Account, AccountKind, Hold, Lot, Payment
from generations import states
from generations.models import (
    Attempt,
    AttemptOutcome,
    Batch,
    BatchQuote,
    Generation,
    Output,
    PriceVersion,
    Reason,
    Status,
    Upload,
)
from project import db, ids

DOLLAR = 1_000_000
HOUR = timedelta(hours=1)

# The shortest way from birth to each status.
WAYS: dict[str, tuple[Status, ...]] = {
    Status.QUEUED: (),
    Status.SUBMITTING: (Status.SUBMITTING,),
    Status.UNKNOWN: (Status.SUBMITTING, Status.UNKNOWN),
    Status.RUNNING: (Status.SUBMITTING, Status.RUNNING),
    Status.STORING: (Status.SUBMITTING, Status.RUNNING, Status.STORING),
    Status.SUCCEEDED: (Status.SUBMITTING, Status.RUNNING, Status.STORING, Status.SUCCEEDED),
    Status.FAILED: (Status.FAILED,),
    Status.CANCELED: (Status.CANCELED,),
}


@dataclass(frozen=True)
class Scene:
    """`team` and `other` have $10.00 each; `version` is a price."""

    team: Team
    other: Team
    version: PriceVersion

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Sends one statement. Returns its rows, if it has any."""
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            return list(cursor.fetchall()) if cursor.description else []

    def account(self, kind: str, team: Team | None = None) -> int:
        """The id of an account: of `team`, for house kinds of nobody."""
        owner = None if kind in ("stripe", "grants", "revenue", "writeoff") else team or self.team
        return Account.objects.get(kind=kind, team=owner).pk

    def transfer(
        self,
        kind: str,
        debit: int,
        credit: int,
        amount: int,
        *,
        hold: Hold | None = None,
        lot: int | None = None,
        payment: int | None = None,
        follows: int | None = None,
        expires_at: datetime | None = None,
        key: str | None = None,
    ) -> int:
        """A bare INSERT of a transfer, whatever it says. Returns its id."""
        rows = self.sql(
            """insert into billing_transfer (key, kind, debit_id, credit_id, amount, hold_id, lot_id, payment_id,
                                             follows_id, expires_at, actor, reason)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'test', 'test') returning id""",
            key or f"test:{uuid.uuid4().hex}",
            kind,
            debit,
            credit,
            amount,
            hold.pk if hold else None,
            lot,
            payment,
            follows,
            expires_at,
        )
        return int(rows[0][0])

    def payment(self, *, team: Team | None = None, amount: int = DOLLAR, bonus: int = 0) -> int:
        """A bare pending payment. Returns its id."""
        return Payment.objects.create(
            team=team or self.team,
            origin="checkout",
            amount=amount,
            bonus=bonus,
            next_action_at=Now(),
            expires_at=Now() + HOUR,
        ).pk

    def paid(self, payment: int) -> None:
        """Says that a payment is paid, whether its topup is there or not."""
        self.sql(
            "update billing_payment set status = 'paid', paid_at = now(), payment_intent = %s where id = %s",
            f"pi_{payment}",
            payment,
        )

    def topup(self, amount: int = DOLLAR, *, team: Team | None = None, key: str | None = None) -> int:
        """A payment with its topup, bare. Returns the payment's id."""
        payment = self.payment(team=team, amount=amount)
        accounts = self.account("stripe"), self.account("available", team)
        self.transfer("topup", *accounts, amount, payment=payment, key=key)
        self.paid(payment)
        return payment

    def upload(self) -> Upload:
        """The row of an upload, without its file."""
        name = f"teams/{self.team.pk}/uploads/{uuid.uuid4().hex}.png"
        size = {"bytes": 67, "width": 8, "height": 8, "sha256": "0" * 64}
        return Upload.objects.create(team=self.team, name=name, content_type="image/png", created_by="test", **size)

    def lot(self, kind: str = "grant", team: Team | None = None) -> int:
        """The id of the newest lot of a kind."""
        lots = Lot.objects.filter(team=team or self.team, kind=kind)
        return lots.latest("id").pk

    def frozen(self, team: Team | None = None) -> int:
        """The id of the account of what a dispute freezes, made where it is missing."""
        ledger.open_frozen(team or self.team)
        return self.account("frozen", team)

    def capture(self, hold: Hold, amount: int) -> None:
        """A bare capture: held -> revenue."""
        self.transfer("capture", self.account("held", hold.team), self.account("revenue"), amount, hold=hold)

    def release(self, hold: Hold, amount: int) -> None:
        """A bare release: held -> available."""
        self.transfer(
            "release", self.account("held", hold.team), self.account("available", hold.team), amount, hold=hold
        )

    def hold(self, *, team: Team | None = None, amount: int = DOLLAR, reference: str | None = None) -> Hold:
        """A hold with its transfer, for something that is no generation unless the reference says so."""
        return holds.hold(
            team=team or self.team,
            reference=reference or f"test_{uuid.uuid4().hex}",
            amount=amount,
            expires_at=db.now() + HOUR,
            actor="test",
        )

    def bare_hold(self, reference: str, *, amount: int = DOLLAR, captured: int = 0) -> Hold:
        """A hold row without its transfer, by INSERT."""
        rows = self.sql(
            """insert into billing_hold (id, reference, team_id, amount, captured, released, state, expires_at)
               values (gen_random_uuid(), %s, %s, %s, %s, 0, %s, now() + interval '1 hour') returning id""",
            reference,
            self.team.pk,
            amount,
            captured,
            "captured" if captured else "open",
        )
        return Hold.objects.get(pk=rows[0][0])

    def unborn(self, *, hold: Hold, generation_id: uuid.UUID, team: Team | None = None, **fields: Any) -> Generation:
        """A generation row that points at `hold`, not saved."""
        defaults: dict[str, Any] = {
            "team": team or self.team,
            "model": "flux-kontext-pro",
            "kind": "image",
            "provider": "kie",
            "input": {"prompt": "a quiet harbor"},
            "input_hash": "0" * 64,
            "price_version": self.version,
            "lines": [],
            "price": hold.amount,
            "hold_amount": hold.amount,
            "requested_outputs": 2,
            "expected_cost": hold.amount,
            "next_action_at": Now(),
            "deadline_at": Now() + HOUR,
        }
        return Generation(id=generation_id, hold=hold, **(defaults | fields))

    def generation(
        self, status: str = "queued", *, team: Team | None = None, amount: int = DOLLAR, **fields: Any
    ) -> Generation:
        """A generation in `status`, with everything that belongs to it."""
        with transaction.atomic():
            generation_id = uuid.uuid4()
            hold = self.hold(team=team, amount=amount, reference=ids.public("gen", generation_id))
            row = self.unborn(hold=hold, generation_id=generation_id, team=team, **fields)
            row.save(force_insert=True)
        for step in WAYS[status]:
            with transaction.atomic():
                self.step(row, step)
        row.refresh_from_db()
        return row

    def batch(self, *, team: Team | None = None, **fields: Any) -> Batch:
        """A batch of one generation of $1, and a quote of one; `fields` say it otherwise."""
        of = team or self.team
        BatchQuote.objects.create(
            team=of, items=[{}], count=1, price=DOLLAR, hold=DOLLAR, created_at=Now(), expires_at=Now() + HOUR
        )
        batch_id = uuid.uuid4()
        with transaction.atomic():
            row = self.generation(team=of, batch_id=batch_id, batch_index=0)
            whole: dict[str, Any] = {"price": DOLLAR, "held": DOLLAR, "count": 1, "accepted": 1, "mode": "fit"}
            whole |= {"team": of, "items": [{"generation": row.public_id}]}
            return Batch.objects.create(id=batch_id, **(whole | fields))

    def step(self, row: Generation, to: Status) -> None:
        """One legal step with all that it needs; the caller holds the transaction."""
        fields: dict[str, Any] = {}
        if to == Status.SUBMITTING:
            self.attempt(row)
        elif to == Status.UNKNOWN:
            Attempt.objects.filter(generation=row).update(outcome=AttemptOutcome.UNKNOWN)
        elif to == Status.RUNNING:
            fields = {"provider_task_id": f"task-{row.pk.hex}", "submitted_at": Now()}
            Attempt.objects.filter(generation=row).update(
                outcome=AttemptOutcome.ACCEPTED, provider_task_id=fields["provider_task_id"]
            )
        elif to == Status.SUCCEEDED:
            self.output(row)
            holds.settle(hold_id=row.hold_id, capture=row.hold_amount, actor="test", reason="delivered")
            fields = {"output_count": 1, "charged": row.hold_amount, "finished_at": Now()}
        elif to in (Status.FAILED, Status.CANCELED):
            holds.settle(hold_id=row.hold_id, capture=0, actor="test", reason=str(to))
            fields = {"charged": 0, "finished_at": Now()}
            if to == Status.FAILED:
                fields["reason"] = Reason.PROVIDER_FAILED
        states.move(row, to=to, event="moved", actor="test", **fields)

    def attempt(self, row: Generation, *, number: int = 1, outcome: str = "in_flight") -> Attempt:
        """An attempt row of a generation."""
        return Attempt.objects.create(
            generation=row,
            number=number,
            token_hash=uuid.uuid4().bytes * 2,
            credential="test",
            outcome=outcome,
            lease_expires_at=db.now() + HOUR,
        )

    def output(self, row: Generation, *, index: int = 0, team: Team | None = None) -> Output:
        """A stored output row of a generation."""
        return Output.objects.create(
            generation=row,
            team=team or row.team,
            index=index,
            kind="image",
            name=f"teams/{row.team_id}/{row.pk}/{index}.png",
            content_type="image/png",
            bytes=67,
            sha256="0" * 64,
            width=1,
            height=1,
        )

    def fingerprint(self) -> list[tuple[Any, ...]]:
        """Everything that money and states say, to see that a refused statement left nothing behind."""
        return self.sql(
            """select 'account', id::text, balance, version, kind from billing_account
               union all select 'hold', id::text, captured, released, state from billing_hold
               union all select 'generation', id::text, price, output_count, status || coalesce(provider_task_id, '')
                 from generations_generation
               union all select 'transfer', key, amount, debit_id, kind from billing_transfer
               union all select 'entry', id::text, delta, account_id, '' from billing_entry
               union all select 'lot', id::text, unspent + 3 * held, spent + 3 * frozen + 7 * taken + 11 * expired, kind
                 from billing_lot
               union all select 'move', id::text, amount, lot_id, '' from billing_lotmove
               union all select 'day', day::text || kind, amount, count, team_id::text from billing_daytotal
               union all select 'spend', day::text || subject, amount, count, team_id::text from billing_spendday
               union all select 'output', id::text, bytes, index, name from generations_output
               order by 1, 2"""
        )


def make_scene() -> Scene:
    """Makes it, through the services."""
    with transaction.atomic():
        version = PriceVersion.objects.create(
            slug="flux-kontext-pro", number=1, rates={"image": DOLLAR}, created_by="test", reason="test"
        )
        return Scene(team=_team("Studio"), other=_team("Elsewhere"), version=version)


def _team(name: str) -> Team:
    team = Team.objects.create(name=name)
    for kind in AccountKind.STRIPE, AccountKind.GRANTS, AccountKind.REVENUE, AccountKind.WRITEOFF:
        ledger.house(kind)
    credits.grant(team=team, amount=10 * DOLLAR, actor="test", reason="test", grant_id=uuid.uuid4())
    return team
