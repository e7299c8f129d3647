"""The checks of verify_ledger that tie generations to their money (invariants.md Appendix C, H7, G2).

Those of the sums by the day read all that ever was, or the days since one.
"""

from __future__ import annotations

from datetime import date

_OF_ROWS: tuple[tuple[str, str], ...] = (
    (
        "every generation has its hold, of its amount and team",
        """select count(*) from generations_generation g left join billing_hold h on h.id = g.hold_id
           where h.id is null or h.amount <> g.hold_amount or h.team_id <> g.team_id""",
    ),
    (
        "a hold's state follows from its generation's",
        """select count(*) from generations_generation g join billing_hold h on h.id = g.hold_id
           where h.state <> case when g.status = 'succeeded' and g.charged > 0 then 'captured'
             when g.status in ('succeeded', 'failed', 'canceled') then 'released' else 'open' end
           or (h.state = 'open' and h.captured + h.released > 0)
           or (g.charged is not null and g.charged <> h.captured)""",
    ),
    (
        "every hold of a generation has that generation",
        """select count(*) from billing_hold h where h.reference like 'gen\\_%'
           and not exists (select 1 from generations_generation g where g.hold_id = h.id)""",
    ),
    (
        "what succeeded has what it was charged for",
        """select count(*) from generations_generation g where status = 'succeeded' and
           (output_count < 1 or output_count > requested_outputs or (kind <> 'text' and output_count <>
             (select count(*) from generations_output o where o.generation_id = g.id)))""",
    ),
    (
        "no generation bought more than one task that is not proven unsent",
        """select count(*) from (select generation_id from generations_attempt
           where outcome in ('in_flight', 'unknown', 'accepted') group by generation_id having count(*) > 1) x""",
    ),
    (
        "a team's upload totals are those of its uploads",
        """select count(*) from (select team_id, sum(bytes) as bytes, count(*) as files from generations_upload
             where state <> 'removed' group by team_id) u
           full join generations_uploadquota q using (team_id)
           where coalesce(u.bytes, 0) <> coalesce(q.bytes, 0) or coalesce(u.files, 0) <> coalesce(q.files, 0)""",
    ),
)

# {ended}: generations that may be of these days; {counted}: those that are; {days}, {months}: their sums; {captured}:
# entries of these days. Conditions, all of them true where everything is read.
_OF_DAYS: tuple[tuple[str, str], ...] = (
    (
        "the sums of costs by the day are what the generations say",
        """select count(*) from (select generations_cost_day_of(g) as day, g.team_id, g.api_key_id, g.model, g.variant,
             count(*) filter (where g.status = 'succeeded') as succeeded,
             count(*) filter (where g.status = 'failed') as failed, sum(g.charged) as revenue,
             sum(coalesce(g.actual_cost, 0)) as actual,
             sum(coalesce(g.actual_cost, case when g.status = 'succeeded' then g.expected_cost else 0 end)) as cost,
             count(*) filter (where g.cost_verdict = 'over') as over
           from generations_generation g where g.finished_at is not null and {ended} group by 1, 2, 3, 4, 5) x
           full join (select * from generations_costday where succeeded + failed + canceled > 0 and {days}) d
             on d.team_id = x.team_id and d.day = x.day and d.model = x.model and d.variant = x.variant
             and coalesce(d.api_key_id, 0) = coalesce(x.api_key_id, 0)
           where {counted} and (x.succeeded, x.failed, x.revenue, x.actual, x.cost, x.over)
             is distinct from (d.succeeded, d.failed, d.revenue, d.actual, d.cost, d.over)""",
    ),
    (
        "the sums of costs by model and by team are those of both",
        """with c as (select day, model, variant, team_id, api_key_id, revenue, cost, expected, actual, succeeded
             from generations_costday where {days})
           select (select count(*) from (select day, model, variant, sum(revenue) as r, sum(cost) as c,
               sum(expected) as e, sum(actual) as a, sum(succeeded) as n from c group by 1, 2, 3) x
             full join (select day, model, variant, sum(revenue) as r, sum(cost) as c, sum(expected) as e,
               sum(actual) as a, sum(succeeded) as n from generations_modelday where {days} group by 1, 2, 3) m
             using (day, model, variant) where (x.r, x.c, x.e, x.a, x.n) is distinct from (m.r, m.c, m.e, m.a, m.n))
           + (select count(*) from (select day, team_id, coalesce(api_key_id, 0) as k, sum(revenue) as r,
               sum(cost) as c, sum(expected) as e, sum(actual) as a, sum(succeeded) as n from c group by 1, 2, 3) x
             full join (select day, team_id, coalesce(api_key_id, 0) as k, revenue as r, cost as c, expected as e,
               actual as a, succeeded as n from generations_teamday where {days}) t
             using (day, team_id, k) where (x.r, x.c, x.e, x.a, x.n) is distinct from (t.r, t.c, t.e, t.a, t.n))""",
    ),
    (
        "the sums of costs by the month are those of its days",
        """select count(*) from (select date_trunc('month', day::timestamp)::date as day, team_id,
             coalesce(api_key_id, 0) as k, provider, sum(revenue) as r, sum(cost) as c, sum(expected) as e,
             sum(actual) as a, sum(at_risk) as x, sum(succeeded) as n, sum(failed) as f
             from generations_costday where {months} group by 1, 2, 3, 4) d
           full join (select day, team_id, coalesce(api_key_id, 0) as k, provider, revenue as r, cost as c,
             expected as e, actual as a, at_risk as x, succeeded as n, failed as f from generations_teammonth
             where {months}) m using (day, team_id, k, provider)
           where (d.r, d.c, d.e, d.a, d.x, d.n, d.f) is distinct from (m.r, m.c, m.e, m.a, m.x, m.n, m.f)""",
    ),
    (
        "revenue by the day is what was captured",
        """select count(*) from (select (e.created_at at time zone 'UTC')::date as day, g.team_id,
             coalesce(g.api_key_id, 0) as k, sum(t.amount) as r
             from billing_transfer t join billing_entry e on e.transfer_id = t.id and e.account_id = t.debit_id
             join generations_generation g on g.hold_id = t.hold_id where t.kind = 'capture' and {ended} and {captured}
             group by 1, 2, 3) s
           full join (select day, team_id, coalesce(api_key_id, 0) as k, revenue as r from generations_teamday
             where revenue <> 0 and {days}) t using (day, team_id, k)
           where s.r is distinct from t.r""",
    ),
)


def checks(*, since: date | None = None) -> tuple[tuple[str, str], ...]:
    """The checks as SQL, the names the same whatever is read; `since` reads the sums of that day (UTC) and later.

    A generation's day is its capture's, which is written in the transaction of its end: the two are never a whole day
    apart."""
    conditions = dict.fromkeys(("ended", "counted", "days", "months", "captured"), "true")
    if since is not None:
        midnight = f"timestamptz '{since} 00:00:00+00'"
        conditions = {
            "ended": f"g.finished_at >= {midnight} - interval '1 day'",
            "counted": f"coalesce(x.day, d.day) >= date '{since}'",
            "days": f"day >= date '{since}'",
            "months": f"day >= date '{since.replace(day=1)}'",
            "captured": f"e.created_at >= {midnight}",
        }
    return _OF_ROWS + tuple((name, query.format(**conditions)) for name, query in _OF_DAYS)


CHECKS = checks()
