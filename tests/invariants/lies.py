"""One lie for each check of verify_ledger: what a superuser, a bad restore or a disk could do to the books.

Planted with the triggers off, and where a constraint would still refuse it, with that constraint gone. Each lie breaks
its own check; others may break with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Lie:
    check: str
    tells: Sequence[str]


LIES = [
    Lie(
        "the sum of all entries is 0",
        ["update billing_entry set delta = delta + 1 where id = (select max(id) from billing_entry)"],
    ),
    Lie(
        "each transfer has exactly two entries, of its amount, summing to 0",
        ["update billing_transfer set amount = amount + 1 where kind = 'grant'"],
    ),
    Lie(
        "a team account's balance is the sum of its entries",
        ["update billing_account set balance = balance + 1000000 where kind = 'available'"],
    ),
    Lie(
        "each account's versions run from 1 without a gap and each balance follows from the one before",
        [
            """delete from billing_entry where account_version = 2 and
               account_id = (select max(account_id) from billing_entry where account_version = 3)"""
        ],
    ),
    Lie(
        "an account's version is its last entry's",
        ["update billing_account set version = version + 1 where kind = 'held'"],
    ),
    Lie(
        "held is the sum of the open holds",
        ["update billing_hold set amount = amount + 1 where state = 'open'"],
    ),
    Lie(
        "what a hold captured and released is what its transfers say",
        ["update billing_hold set captured = captured - 1, released = released + 1 where state = 'captured'"],
    ),
    Lie(
        "a team's account is the sum of that part of its lots",
        ["update billing_lot set unspent = unspent - 1, spent = spent + 1"],
    ),
    Lie(
        "a lot's parts are what its moves say",
        ["update billing_lot set spent = spent - 1, held = held + 1 where spent > 0"],
    ),
    Lie(
        "each transfer of a team's credit moved lots of its amount",
        ["delete from billing_lotmove where id = (select max(id) from billing_lotmove)"],
    ),
    Lie(
        "each topup and each grant bore a lot of its amount",
        ["update billing_lot set amount = amount + 1, expired = expired + 1"],
    ),
    Lie(
        "the totals of the days are what the entries say",
        ["delete from billing_daytotal where kind = 'grant'"],
    ),
    Lie(
        "what was spent by day is what was charged",
        ["update billing_spendday set subject = subject || 'x'"],
    ),
    Lie(
        "a payment is credited when it is paid, once and whole",
        ["update billing_payment set status = 'pending', paid_at = null"],
    ),
    Lie(
        "no team's balance is negative",
        [
            "alter table billing_account drop constraint account_no_overdraft",
            "update billing_account set balance = -1 where kind = 'held'",
        ],
    ),
    Lie(
        "no open hold is past its deadline by more than 5 minutes",
        ["update billing_hold set expires_at = now() - interval '6 minutes' where state = 'open'"],
    ),
    Lie(
        "a budget's held part is the sum of its unsettled holds",
        ["update billing_budgetusage set held = held + 1"],
    ),
    Lie(
        "a budget's used part is what its settled holds captured",
        ["update billing_budgetusage set used = used + 1"],
    ),
    Lie(
        "every generation has its hold, of its amount and team",
        ["update generations_generation set hold_amount = hold_amount + 1 where status = 'queued'"],
    ),
    Lie(
        "a hold's state follows from its generation's",
        ["update generations_generation set charged = charged - 1 where status = 'succeeded'"],
    ),
    Lie(
        "every hold of a generation has that generation",
        ["delete from generations_generation where status = 'queued'"],
    ),
    Lie(
        "what succeeded has what it was charged for",
        ["delete from generations_output"],
    ),
    Lie(
        "a team's upload totals are those of its uploads",
        ["update generations_uploadquota set bytes = bytes + 1"],
    ),
    Lie(
        "no generation bought more than one task that is not proven unsent",
        [
            "drop index attempt_one_that_may_have_bought",
            """insert into generations_attempt (generation_id, number, token_hash, credential, outcome, detail,
                 provider_task_id, lease_expires_at)
               select generation_id, 2, decode(repeat('ab', 32), 'hex'), 'x', 'unknown', '', '', now()
               from generations_attempt limit 1""",
        ],
    ),
    Lie(
        "the sums of costs by the day are what the generations say",
        ["update generations_costday set cost = cost + 1"],
    ),
    Lie(
        "the sums of costs by model and by team are those of both",
        ["update generations_modelday set expected = expected + 1"],
    ),
    Lie(
        "the sums of costs by the month are those of its days",
        ["update generations_teammonth set at_risk = at_risk + 1"],
    ),
    Lie(
        "revenue by the day is what was captured",
        ["update generations_teamday set revenue = revenue + 1 where revenue > 0"],
    ),
]
