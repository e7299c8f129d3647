"""Counts of the limits on requests (project/limits.py), and the one statement that takes from them."""

import django.contrib.postgres.fields
from django.db import migrations, models

# In 60 parts of the window, and the part that has begun beside them: no window of any begin ever holds more.
TAKE = """
CREATE FUNCTION project_take_allowance(keys text[], quotas bigint[], periods integer[], cost integer)
RETURNS TABLE (allowed boolean, remaining bigint, opens_in integer)
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
  moment numeric;
BEGIN
  -- Makes each row or locks the one that is there (a condition that is false locks and writes nothing); always in one
  -- order, so that no two takes wait for each other.
  INSERT INTO project_allowance AS held (key, slots, counts, empty_at)
  SELECT k, '{}', '{}', clock_timestamp() FROM unnest(keys) AS k ORDER BY k COLLATE "C"
  ON CONFLICT ON CONSTRAINT project_allowance_pkey DO UPDATE SET empty_at = held.empty_at WHERE false;
  moment := extract(epoch FROM clock_timestamp());
  RETURN QUERY
  WITH asked AS (
    SELECT a.place, a.key, a.quota, a.period, floor(moment * 60 / a.period)::bigint AS slot
    FROM unnest(keys, quotas, periods) WITH ORDINALITY AS a(key, quota, period, place)
  ), held AS (  -- what still counts; what a clock that went back calls the future counts as of now
    SELECT a.place, least(h.slot, a.slot) AS slot, sum(h.count)::bigint AS count
    FROM asked a JOIN project_allowance r ON r.key = a.key
    CROSS JOIN LATERAL unnest(r.slots, r.counts) AS h(slot, count)
    WHERE h.slot > a.slot - 61 GROUP BY 1, 2
  ), used AS (
    SELECT a.place, coalesce(sum(h.count), 0)::bigint AS count
    FROM asked a LEFT JOIN held h ON h.place = a.place GROUP BY 1
  ), verdict AS (
    SELECT bool_and(u.count + cost <= a.quota) AS passed FROM asked a JOIN used u ON u.place = a.place
  ), now_held AS (
    SELECT x.place, x.slot, sum(x.count)::bigint AS count
    FROM (SELECT * FROM held UNION ALL SELECT a.place, a.slot, cost FROM asked a, verdict v WHERE v.passed) AS x
    GROUP BY 1, 2
  ), written AS (
    UPDATE project_allowance r
    SET slots = n.slots, counts = n.counts, empty_at = to_timestamp((n.last + 61) * a.period / 60.0)
    FROM asked a, verdict v, (
      SELECT h.place, array_agg(h.slot ORDER BY h.slot) AS slots, array_agg(h.count ORDER BY h.slot) AS counts,
        max(h.slot) AS last
      FROM now_held h GROUP BY 1) AS n
    WHERE v.passed AND n.place = a.place AND r.key = a.key
  ), running AS (
    SELECT h.place, h.slot, sum(h.count) OVER (PARTITION BY h.place ORDER BY h.slot) AS upto FROM now_held h
  )
  SELECT u.count + cost <= a.quota,
    greatest(0, a.quota - u.count - CASE WHEN v.passed THEN cost ELSE 0 END),
    coalesce((  -- when so much has left the window that the same take fits, or one more remains
      SELECT ceil((min(r.slot) + 61) * a.period / 60.0 - moment)::integer FROM running r
      WHERE r.place = a.place AND r.upto >= greatest(1, u.count + cost - a.quota)), 0)
  FROM asked a JOIN used u ON u.place = a.place CROSS JOIN verdict v ORDER BY a.place;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("project", "0002_outbox"),
    ]

    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("key", models.TextField(primary_key=True, serialize=False)),
                ("slots", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("counts", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("empty_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(
            # A crash forgets it, no backup holds it; room in each page, so that counting never touches the index.
            "ALTER TABLE project_allowance SET UNLOGGED; ALTER TABLE project_allowance SET (fillfactor = 50)",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(TAKE, "DROP FUNCTION project_take_allowance(text[], bigint[], integer[], integer)"),
    ]
