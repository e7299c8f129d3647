"""The mail about a low balance: once when `available` falls below what the team chose, and again only after it has
risen to 120 % of that in between (issue 4, point 5).

A team that has bought gets a watch at $5 with its first purchase: nobody asks for a warning before the wallet was
empty once. Turned off, it stays off.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts import audit, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, Team, TeamStatus
from billing import facts, ledger, recharges
from billing.models import CENT, AutoRecharge, BalanceWatch
from project import db, queue
from project.errors import FieldError, Invalid
from project.money import USD, dollars

DEFAULT = 5 * USD
LEAST, MOST = 1 * USD, 10_000 * USD
REARM_AT = 120  # percent of the amount; below it a hold that comes and goes does not mail again
ROUND = 100  # teams that one call rings for
RING_AGAIN = 120  # seconds; by then a job that was rung for is lost

# The whole comparison first: with a LIMIT inside, the planner would look accounts up one by one.
_LOW = """WITH low AS MATERIALIZED (
    SELECT w.id FROM billing_balancewatch w
    JOIN billing_account a ON a.team_id = w.team_id AND a.kind = 'available'
    JOIN accounts_team t ON t.id = w.team_id
    WHERE a.balance < w.low_balance AND t.status = 'active')
  SELECT w.id FROM billing_balancewatch w JOIN low USING (id)
  WHERE w.warned_at IS NULL AND (w.rung_at IS NULL OR w.rung_at <= clock_timestamp() - %s * interval '1 second')
  ORDER BY w.id LIMIT %s"""
_RISEN = """SELECT w.id FROM billing_balancewatch w
  JOIN billing_account a ON a.team_id = w.team_id AND a.kind = 'available'
  WHERE w.warned_at IS NOT NULL AND a.balance * 100 >= w.low_balance * %s
  ORDER BY w.id LIMIT %s"""
_LOCKED = " FOR NO KEY UPDATE OF w SKIP LOCKED"


def set_low_balance(*, actor: Actor, low_balance: int | None) -> BalanceWatch:
    """Mails below so many micro-dollars from now on, or never (None). Another amount than before is armed anew. The
    caller holds the transaction. Raises Invalid (field `low_balance`), Forbidden."""
    if low_balance is not None:
        if type(low_balance) is not int or low_balance % CENT:
            raise _wrong("Write whole cents: two decimals at most.", "cents")
        if not LEAST <= low_balance <= MOST:
            raise _wrong(f"From {dollars(LEAST)} to {dollars(MOST)}, or nothing for no mail.", "range")
    team = teams.lock(actor.team)
    acting = still(actor, roles.BILLING)
    row, made = BalanceWatch.objects.get_or_create(team=team, defaults={"low_balance": low_balance})
    row = BalanceWatch.objects.select_for_update(no_key=True).get(pk=row.pk)
    before = None if made else row.low_balance
    if before == low_balance:
        return row
    BalanceWatch.objects.filter(pk=row.pk).update(
        low_balance=low_balance, warned_at=None, rung_at=None, updated_at=Now()
    )
    audit.record(
        Action.BALANCE_WATCH_SET,
        by=acting,
        team=team,
        target=team.public_id,
        target_name=team.name,
        data={"before": before, "after": low_balance},
    )
    row.refresh_from_db()
    return row


def bought(*, team: Team) -> None:
    """The team bought credit: it has a watch from its first purchase on. In the caller's transaction; again, or where
    somebody chose already, changes nothing."""
    BalanceWatch.objects.get_or_create(team=team, defaults={"low_balance": DEFAULT})


def ring() -> int:
    """Arms again what has risen well above, and enqueues a job for each wallet that is low and was not mailed of.
    Returns how many jobs. For the clock; cheap when there is none, and safe beside itself."""
    if _risen():
        with transaction.atomic(durable=True):
            BalanceWatch.objects.filter(pk__in=_risen(_LOCKED)).update(warned_at=None, rung_at=None)
    if not _low():
        return 0
    with transaction.atomic(durable=True):
        low = _low(_LOCKED)
        for pk in low:
            queue.enqueue("billing.tasks.warn_low_balance", pk)
        BalanceWatch.objects.filter(pk__in=low).update(rung_at=Now())
    return len(low)


def warn(pk: int) -> None:
    """Mails that the wallet is low and tells webhooks, where it still is and nobody was told yet. The job behind
    `ring`: twice or late does nothing more."""
    db.in_transaction(lambda: _warn(pk))


def _warn(pk: int) -> None:
    rows = BalanceWatch.objects.select_related("team").select_for_update(no_key=True, of=("self",))
    row = rows.filter(pk=pk).first()
    if row is None or row.warned_at is not None or row.low_balance is None or row.team.status != TeamStatus.ACTIVE:
        return
    purse = ledger.wallet(row.team_id)
    if purse.available.balance >= row.low_balance:
        return
    BalanceWatch.objects.filter(pk=pk).update(warned_at=Now())
    recharge = AutoRecharge.objects.filter(team=row.team, enabled=True).first()
    context = {"purse": purse, "low_balance": row.low_balance, "recharge": recharge}
    recharges.tell(row.team, "low_balance", context)
    facts.wallet_low(row, wallet=purse, recharge=recharge)


def _low(locked: str = "") -> list[int]:
    return _found(_LOW + locked, [RING_AGAIN, ROUND])


def _risen(locked: str = "") -> list[int]:
    return _found(_RISEN + locked, [REARM_AT, ROUND])


def _found(sql: str, values: list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


def _wrong(message: str, code: str) -> Invalid:
    return Invalid("The low balance cannot be set like this.", errors=[FieldError("low_balance", message, code)])
