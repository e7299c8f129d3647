"""Budgets end instead of going, are raised until a date, asked for and warned of."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_cache"),
        ("billing", "0003_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="BudgetRaise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount", models.BigIntegerField()),
                ("until", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="BudgetRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount", models.BigIntegerField()),
                ("reason", models.CharField(max_length=300)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("granted", "Granted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("decided_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="BudgetWarning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("threshold", models.PositiveSmallIntegerField()),
                ("mailed", models.BooleanField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("rearmed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="budget",
            name="ended_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.UniqueConstraint(fields=("id", "team"), name="budget_in_team"),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.UniqueConstraint(fields=("id", "membership"), name="budget_of_its_member"),
        ),
        migrations.AddField(
            model_name="budgetraise",
            name="budget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="raises", to="billing.budget"
            ),
        ),
        migrations.AddField(
            model_name="budgetraise",
            name="granted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
            ),
        ),
        migrations.AddField(
            model_name="budgetraise",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"),
        ),
        migrations.AddField(
            model_name="budgetrequest",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
            ),
        ),
        migrations.AddField(
            model_name="budgetrequest",
            name="budget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="billing.budget"
            ),
        ),
        migrations.AddField(
            model_name="budgetrequest",
            name="decided_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
            ),
        ),
        migrations.AddField(
            model_name="budgetrequest",
            name="raised",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="request", to="billing.budgetraise"
            ),
        ),
        migrations.AddField(
            model_name="budgetrequest",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"),
        ),
        migrations.AddField(
            model_name="budgetwarning",
            name="usage",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="warnings", to="billing.budgetusage"
            ),
        ),
        migrations.AddIndex(
            model_name="budgetraise",
            index=models.Index(fields=["budget", "until"], name="budget_raise_in_force"),
        ),
        migrations.AddConstraint(
            model_name="budgetraise",
            constraint=models.UniqueConstraint(fields=("id", "budget"), name="budget_raise_of_budget"),
        ),
        migrations.AddConstraint(
            model_name="budgetraise",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("amount__lt", 1000000000000000)), name="budget_raise_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetraise",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gte", models.F("created_at"))), name="budget_raise_ends_after_birth"
            ),
        ),
        migrations.AddIndex(
            model_name="budgetrequest",
            index=models.Index(fields=["team", "-created_at"], name="budget_request_of_team"),
        ),
        migrations.AddConstraint(
            model_name="budgetrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "open")), fields=("budget", "asked_by"), name="budget_request_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("amount__lt", 1000000000000000)), name="budget_request_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "granted", "declined", "withdrawn"])),
                name="budget_request_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("status", "open")),
                    models.Q(models.Q(("status", "open"), _negated=True), ("decided_at__isnull", False)),
                    _connector="OR",
                ),
                name="budget_request_decided_at_iff_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("raised__isnull", False), ("status", "granted")),
                    models.Q(models.Q(("status", "granted"), _negated=True), ("raised", None)),
                    _connector="OR",
                ),
                name="budget_request_raised_iff_granted",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetwarning",
            constraint=models.UniqueConstraint(
                condition=models.Q(("rearmed_at", None)), fields=("usage", "threshold"), name="budget_warning_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetwarning",
            constraint=models.CheckConstraint(
                condition=models.Q(("threshold__in", [80, 100])), name="budget_warning_threshold_known"
            ),
        ),
    ]
