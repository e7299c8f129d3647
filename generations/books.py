"""The checks of verify_ledger that tie generations to their money (invariants.md Appendix C, H7, G2)."""

from __future__ import annotations

CHECKS: tuple[tuple[str, str], ...] = (
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
