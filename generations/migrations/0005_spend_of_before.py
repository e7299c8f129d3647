"""Holds of before learn who asked for them and for which model; the spend of each day follows from them."""

from django.db import migrations

SQL = """
alter table billing_hold disable trigger hold_guard;
alter table billing_spendday disable trigger user;
update billing_hold h set membership_id = g.membership_id, api_key_id = g.api_key_id, subject = g.model
  from generations_generation g where g.hold_id = h.id;
delete from billing_spendday;
insert into billing_spendday (team_id, day, membership_id, api_key_id, subject, amount, count)
  select h.team_id, (t.created_at at time zone 'UTC')::date, h.membership_id, h.api_key_id, h.subject,
         sum(t.amount), count(*)
  from billing_transfer t join billing_hold h on h.id = t.hold_id where t.kind = 'capture' group by 1, 2, 3, 4, 5;
set constraints all immediate;  -- or the tables cannot be altered
alter table billing_spendday enable trigger user;
alter table billing_hold enable trigger hold_guard;
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0004_walls"), ("billing", "0007_lots")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
