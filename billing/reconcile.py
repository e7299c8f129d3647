"""verify_ledger: recompute everything from entries and transfers (invariants.md Appendix C, H5, H7).

Each check is a name and a query that counts the rows that break it.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from billing.models import LedgerAlarm, LedgerCheck
from project.errors import Unavailable

log = logging.getLogger(__name__)

KEEP = timedelta(days=14)  # runs of the checks

CHECKS: tuple[tuple[str, str], ...] = (
    ("the sum of all entries is 0", "select coalesce(sum(delta), 0) <> 0 from billing_entry"),
    (
        "each transfer has exactly two entries, of its amount, summing to 0",
        """select count(*) from (select t.id from billing_transfer t left join billing_entry e on e.transfer_id = t.id
           group by t.id, t.amount having count(e.id) <> 2 or sum(e.delta) <> 0 or max(e.delta) <> t.amount) x""",
    ),
    (
        "a team account's balance is the sum of its entries",
        """select count(*) from billing_account a where team_id is not null and balance <>
           coalesce((select sum(delta) from billing_entry where account_id = a.id), 0)""",
    ),
    (
        "each account's versions run from 1 without a gap and each balance follows from the one before",
        """select count(*) from (select balance_after - delta as before, account_version,
             lag(balance_after, 1, 0::bigint) over w as prev, row_number() over w as rn
           from billing_entry where account_version is not null
           window w as (partition by account_id order by account_version)) x
           where before <> prev or account_version <> rn""",
    ),
    (
        "an account's version is its last entry's",
        """select count(*) from billing_account a where team_id is not null and version <>
           (select count(*) from billing_entry where account_id = a.id)""",
    ),
    (
        "held is the sum of the open holds",
        """select count(*) from billing_account a where kind = 'held' and balance <> coalesce((select
           sum(amount - captured - released) from billing_hold h where h.team_id = a.team_id and state = 'open'), 0)""",
    ),
    (
        "what a hold captured and released is what its transfers say",
        """select count(*) from billing_hold h where
           (captured, released, amount) <> (select
             coalesce(sum(amount) filter (where kind = 'capture'), 0),
             coalesce(sum(amount) filter (where kind = 'release'), 0),
             coalesce(sum(amount) filter (where kind = 'hold'), 0)
             from billing_transfer t where t.hold_id = h.id)""",
    ),
    (
        "no team's balance is negative",
        "select count(*) from billing_account where team_id is not null and balance < 0",
    ),
    (
        "a team's account is the sum of that part of its lots",
        """select count(*) from billing_account a where team_id is not null and balance <> coalesce((select sum(
             case a.kind when 'available' then unspent when 'held' then held else frozen end)
           from billing_lot l where l.team_id = a.team_id), 0)""",
    ),
    (
        "a lot's parts are what its moves say",
        """select count(*) from (select l.id from billing_lot l left join billing_lotmove m on m.lot_id = l.id
             left join billing_transfer t on t.id = m.transfer_id left join billing_account d on d.id = t.debit_id
           group by l.id having (l.unspent, l.held, l.spent, l.frozen, l.taken, l.expired) <> (
             l.amount + coalesce(sum(case when d.kind = 'available' then -m.amount
               when t.kind in ('release', 'unfreeze', 'restore') then m.amount else 0 end), 0),
             coalesce(sum(case t.kind when 'hold' then m.amount when 'capture' then -m.amount
               when 'release' then -m.amount else 0 end), 0),
             coalesce(sum(m.amount) filter (where t.kind = 'capture'), 0),
             coalesce(sum(case when t.kind = 'freeze' then m.amount when d.kind = 'frozen' then -m.amount
               else 0 end), 0),
             coalesce(sum(case t.kind when 'reversal' then m.amount when 'restore' then -m.amount else 0 end), 0),
             coalesce(sum(m.amount) filter (where t.kind = 'expiry'), 0))) x""",
    ),
    (
        "each transfer of a team's credit moved lots of its amount",
        """select count(*) from (select t.id from billing_transfer t left join billing_lotmove m on m.transfer_id = t.id
           join billing_account d on d.id = t.debit_id join billing_account c on c.id = t.credit_id
           where t.kind not in ('topup', 'grant') and 'writeoff' not in (d.kind, c.kind)
           group by t.id, t.amount having coalesce(sum(m.amount), 0) <> t.amount) x""",
    ),
    (
        "each topup and each grant bore a lot of its amount",
        """select count(*) from billing_transfer t left join billing_lot l on l.transfer_id = t.id
           where (t.kind in ('topup', 'grant')) <> (l.id is not null) or l.amount <> t.amount""",
    ),
    (
        "the totals of the days are what the entries say",
        """select count(*) from (select a.team_id, (e.created_at at time zone 'UTC')::date as day, t.kind,
             abs(sum(e.delta)) as amount, count(*) as count
           from billing_entry e join billing_account a on a.id = e.account_id
           join billing_transfer t on t.id = e.transfer_id
           where a.kind in ('available', 'held') and t.kind not in ('hold', 'release') group by 1, 2, 3) x
           full join billing_daytotal d using (team_id, day, kind)
           where (x.amount, x.count) is distinct from (d.amount, d.count)""",
    ),
    (
        "what was spent by day is what was charged",
        """select count(*) from (select h.team_id, (e.created_at at time zone 'UTC')::date as day, h.membership_id as m,
             h.api_key_id as k, h.subject, sum(t.amount) as amount, count(*) as count
           from billing_transfer t join billing_hold h on h.id = t.hold_id
           join billing_entry e on e.transfer_id = t.id and e.account_id = t.debit_id
           where t.kind = 'capture' group by 1, 2, 3, 4, 5) x
           full join billing_spendday s on s.team_id = x.team_id and s.day = x.day and s.subject = x.subject
             and coalesce(s.membership_id, 0) = coalesce(x.m, 0) and coalesce(s.api_key_id, 0) = coalesce(x.k, 0)
           where (x.amount, x.count) is distinct from (s.amount, s.count)""",
    ),
    (
        "a payment is credited when it is paid, once and whole",
        """select count(*) from billing_payment p left join lateral (select
             sum(amount) filter (where kind = 'topup') as bought,
             coalesce(sum(amount) filter (where kind = 'grant'), 0) as given
             from billing_transfer t where t.payment_id = p.id) x on true
           where (p.status in ('paid', 'refunded', 'disputed')) <> (x.bought is not null)
             or (x.bought is not null and (x.bought, x.given) <> (p.amount, p.bonus))""",
    ),
    (
        "no open hold is past its deadline by more than 5 minutes",
        """select count(*) from billing_hold where state = 'open'
           and expires_at < clock_timestamp() - interval '5 minutes'""",
    ),
    (
        "a budget's held part is the sum of its unsettled holds",
        """select count(*) from billing_budgetusage u where held <> coalesce((select sum(amount)
           from billing_budgethold where usage_id = u.id and not settled), 0)""",
    ),
    (
        "a budget's used part is what its settled holds captured",
        """select count(*) from billing_budgetusage u where used <> coalesce((select sum(h.captured) from
           billing_budgethold b join billing_hold h on h.id = b.hold_id where b.usage_id = u.id and b.settled), 0)""",
    ),
)


def failures(checks: tuple[tuple[str, str], ...] = CHECKS) -> list[str]:
    """The names of the checks that do not hold, read in one snapshot; an empty list is good news."""
    broken = []
    nested = connection.in_atomic_block  # then the caller's snapshot serves
    with transaction.atomic(), connection.cursor() as cursor:
        if not nested:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = '600s'")
        for name, query in checks:
            cursor.execute(query)
            row = cursor.fetchone()
            if row is None or row[0]:
                broken.append(name)
    return broken


def watch(checks: tuple[tuple[str, str], ...] = CHECKS, *, by: str = "system", full: bool = True) -> list[str]:
    """Runs the checks, keeps that it did, and raises the alarm for what does not hold. Returns the broken ones. `full`:
    whether they count all days."""
    begun = time.monotonic()
    broken = failures(checks)
    took_ms = int((time.monotonic() - begun) * 1000)
    LedgerCheck.objects.create(took_ms=took_ms, checks=len(checks), broken=broken, by=by, full=full)
    if broken:
        log.critical("the ledger does not hold: %s", "; ".join(broken))
        LedgerAlarm.objects.get_or_create(cleared_at=None, defaults={"broken": broken})
    return broken


def prune() -> int:
    """Deletes runs of the checks that are old; alarms stay. Returns how many."""
    return LedgerCheck.objects.filter(ran_at__lte=Now() - KEEP).delete()[0]


def require_sound() -> None:
    """Raises Unavailable while an alarm is open: stop rather than continue wrong (invariants.md section 9)."""
    if LedgerAlarm.objects.filter(cleared_at=None).exists():
        raise Unavailable(
            "New generations are stopped while we look into our books. Nothing was charged.",
            code="ledger_alarm",
            headers={"Retry-After": "300"},
        )


def clear(*, by: str) -> int:
    """Clears the alarm, by a person who looked. Returns how many were open."""
    return LedgerAlarm.objects.filter(cleared_at=None).update(cleared_at=Now(), cleared_by=by)
