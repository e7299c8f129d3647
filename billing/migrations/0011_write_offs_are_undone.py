"""A write-off is undone where its refund fails, or where credit turns up that covers it (takings.py)."""

from django.db import migrations, models

SQL = """
do $$
declare before text := pg_get_functiondef('billing_transfer_ai'::regproc); after text;
begin
  after := replace(before, '(''restore'',''stripe'',''available''),',
                   '(''restore'',''stripe'',''available''), (''restore'',''stripe'',''writeoff''),');
  after := replace(after, 'if d.kind = ''writeoff'' and new.payment_id is null',
                   'if ''writeoff'' in (d.kind, c.kind) and new.payment_id is null');
  if strpos(after, '''stripe'',''writeoff''') = 0 or strpos(after, 'in (d.kind, c.kind)') = 0 then
    raise exception 'billing_transfer_ai is not as it was';
  end if;
  execute after;
end $$;
"""
UNDO = """
do $$
begin
  execute replace(replace(pg_get_functiondef('billing_transfer_ai'::regproc),
                          ' (''restore'',''stripe'',''writeoff''),', ''),
                  'if ''writeoff'' in (d.kind, c.kind) and new.payment_id is null',
                  'if d.kind = ''writeoff'' and new.payment_id is null');
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_recharge_stops_at_a_mismatch")]
    operations = [
        migrations.RemoveConstraint(model_name="transfer", name="transfer_lot_iff_of_lot"),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ("reversal", "restore")),
                    models.Q(("kind__in", ("expiry", "freeze", "unfreeze")), ("lot__isnull", False)),
                    models.Q(models.Q(("kind__in", ("expiry", "freeze", "unfreeze")), _negated=True), ("lot", None)),
                    _connector="OR",
                ),
                name="transfer_lot_iff_of_lot",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
