"""A generation, its attempts at a provider and its history. Amounts in micro-dollars.

queued -> submitting -> running -> storing -> succeeded       terminal: succeeded, failed, canceled
          submitting -> unknown -> running or failed
          submitting -> queued, only with proof that nothing was sent
queued -> canceled                any open state -> failed
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Membership, Team
from billing.models import Hold
from generations.models.batches import Batch
from generations.models.catalogue import PriceVersion, Quote
from project.ids import public


class Status(models.TextChoices):
    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    RUNNING = "running"
    STORING = "storing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


TERMINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELED)
OPEN = tuple(status for status in Status if status not in TERMINAL)


class Reason(models.TextChoices):
    """Why a generation failed: a closed list (design section 3)."""

    PROVIDER_REJECTED = "provider_rejected"
    PROVIDER_FAILED = "provider_failed"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    NO_OUTPUT = "no_output"
    RESULT_LOST = "result_lost"
    TIMED_OUT = "timed_out"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CONTENT_REFUSED = "content_refused"
    MODEL_WITHDRAWN = "model_withdrawn"


class CostVerdict(models.TextChoices):
    """The provider's own charge beside the expected one (design section 4.9)."""

    PENDING = "pending"
    NONE = "none"  # nothing was bought
    MATCHED = "matched"
    OVER = "over"
    UNDER = "under"
    UNKNOWN = "unknown"  # bought, and the provider did not say for how much
    UNATTRIBUTED = "unattributed"  # perhaps bought, or bought too late: nobody can say for how much


class Generation(models.Model):
    """One request from its acceptance to its delivered, charged result."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="generations")
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="generations")
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="generations")
    model = models.CharField(max_length=60)
    kind = models.CharField(max_length=5)
    provider = models.CharField(max_length=8)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    status_version = models.PositiveIntegerField(default=0)
    status_at = models.DateTimeField(db_default=Now())
    input = models.JSONField()
    input_hash = models.CharField(max_length=64)
    metadata = models.JSONField(default=dict)
    webhook_url = models.CharField(max_length=2048, blank=True)

    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="generations", db_index=False)
    batch_index = models.PositiveSmallIntegerField(null=True)  # its place in the batch, from 0

    quote = models.ForeignKey(Quote, models.PROTECT, null=True, related_name="generations")
    price_version = models.ForeignKey(PriceVersion, models.PROTECT, related_name="+")
    lines = models.JSONField()
    variant = models.CharField(max_length=120, default="", db_default="")  # which rate of the price version
    discount_ppm = models.PositiveIntegerField(default=0, db_default=0)  # the team's, when it was accepted
    list_amount = models.BigIntegerField(null=True)  # of what was charged, before margin and discount; once succeeded
    price = models.BigIntegerField()
    hold = models.OneToOneField(Hold, models.PROTECT, related_name="+")
    hold_amount = models.BigIntegerField()
    charged = models.BigIntegerField(null=True)
    receipt = models.JSONField(null=True)

    requested_outputs = models.PositiveSmallIntegerField()
    output_count = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(blank=True)
    reason = models.CharField(max_length=24, choices=Reason.choices, blank=True)
    message = models.CharField(max_length=300, blank=True)

    provider_task_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null is "none yet", unique
    provider_urls = models.JSONField(null=True)
    sources = models.JSONField(null=True)  # the provider's addresses of the outputs, while storing
    polls = models.PositiveIntegerField(default=0)
    misreads = models.PositiveSmallIntegerField(default=0)
    store_tries = models.PositiveSmallIntegerField(default=0)

    expected_cost = models.BigIntegerField()
    actual_cost = models.BigIntegerField(null=True)
    cost_verdict = models.CharField(max_length=12, choices=CostVerdict.choices, default=CostVerdict.PENDING)

    created_at = models.DateTimeField(db_default=Now())
    next_action_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="generation_history"),
            models.Index(fields=["team", "status", "-created_at", "-id"], name="generation_of_status"),
            models.Index(fields=["team", "model", "-created_at", "-id"], name="generation_of_model"),
            models.Index(fields=["team", "kind", "-created_at", "-id"], name="generation_of_kind"),
            models.Index(fields=["team", "membership", "-created_at", "-id"], name="generation_of_member"),
            models.Index(fields=["team", "api_key", "-created_at", "-id"], name="generation_of_key"),
            models.Index(fields=["team", "-created_at", "-id"], condition=Q(status__in=OPEN), name="generation_open"),
            models.Index(fields=["next_action_at"], condition=Q(status__in=OPEN), name="generation_due"),
            models.Index(fields=["deadline_at"], condition=Q(status__in=OPEN), name="generation_deadline"),
            models.Index(
                fields=["provider", "-finished_at"],
                include=["id", "submitted_at", "status", "actual_cost", "expected_cost"],
                name="generation_ended_at_provider",
            ),
            models.Index(fields=["model", "variant", "-finished_at"], name="generation_ended_of_variant"),
            models.Index(
                fields=["-finished_at", "-id"], condition=Q(finished_at__isnull=False), name="generation_ended"
            ),
            models.Index(
                fields=["team", "-finished_at", "-id"],
                condition=Q(finished_at__isnull=False),
                name="generation_ended_of_team",
            ),
            models.Index(
                fields=["cost_verdict", "-finished_at", "-id"],
                include=[
                    "status",
                    "charged",
                    "expected_cost",
                    "actual_cost",
                    "provider",
                    "model",
                    "variant",
                    "team",
                    "api_key",
                ],
                condition=Q(finished_at__isnull=False) & (~Q(status="succeeded") | ~Q(cost_verdict="matched")),
                name="generation_odd_cost",
            ),
            models.Index(
                fields=["-finished_at"], condition=Q(charged=0, actual_cost__gt=0), name="generation_never_charged"
            ),
            models.Index(  # all that a what-if reads
                fields=["finished_at"],
                include=[
                    "price_version",
                    "variant",
                    "discount_ppm",
                    "list_amount",
                    "team",
                    "charged",
                    "actual_cost",
                    "expected_cost",
                ],
                condition=Q(status="succeeded"),
                name="generation_sold",
            ),
            models.Index(
                fields=["provider", "team", "created_at"],
                condition=Q(status="queued"),
                name="generation_waiting",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["id", "team"], name="generation_in_team"),
            models.UniqueConstraint(fields=["provider", "provider_task_id"], name="generation_task_once"),
            models.UniqueConstraint(fields=["batch", "batch_index"], name="generation_once_in_batch"),
            models.CheckConstraint(
                condition=Q(batch=None, batch_index=None) | Q(batch__isnull=False, batch_index__isnull=False),
                name="generation_has_a_place_in_its_batch",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="generation_status_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *Reason.values]), name="generation_reason_known"),
            models.CheckConstraint(condition=Q(price__gt=0, hold_amount__gt=0), name="generation_priced"),
            models.CheckConstraint(
                condition=Q(provider_task_id__isnull=False)
                | Q(status__in=["queued", "submitting", "unknown", "failed", "canceled"]),
                name="generation_running_has_task",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TERMINAL, finished_at__isnull=False, charged__isnull=False)
                | (~Q(status__in=TERMINAL) & Q(finished_at=None, charged=None)),
                name="generation_end_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TERMINAL) | Q(next_action_at__isnull=False),
                name="generation_has_next_action",
            ),
            models.CheckConstraint(
                condition=(Q(status="failed") & ~Q(reason="")) | (~Q(status="failed") & Q(reason="")),
                name="generation_failed_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(status="succeeded", output_count__gte=1) | ~Q(status="succeeded"),
                name="generation_success_has_output",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("gen", self.id)

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL


class AttemptOutcome(models.TextChoices):
    IN_FLIGHT = "in_flight"
    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"  # proven: nothing reached the provider
    REFUSED = "refused"  # a documented refusal without a task
    UNKNOWN = "unknown"


class Attempt(models.Model):
    """One try to create a task at a provider, committed before any HTTP (invariants.md G6-G8, O1)."""

    MOST = 5

    generation = models.ForeignKey(Generation, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    token_hash = models.BinaryField(max_length=32, unique=True)
    credential = models.CharField(max_length=16)
    outcome = models.CharField(max_length=9, choices=AttemptOutcome.choices, default=AttemptOutcome.IN_FLIGHT)
    detail = models.CharField(max_length=120, blank=True)
    provider_task_id = models.CharField(max_length=200, blank=True)
    lease_expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="attempt_age"),
            models.Index(fields=["provider_task_id"], name="attempt_task"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["generation", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["generation"],
                condition=Q(outcome__in=["in_flight", "unknown", "accepted"]),
                name="attempt_one_that_may_have_bought",
            ),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=5), name="attempt_at_most_5"),
            models.CheckConstraint(condition=Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_known"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"


class GenerationEvent(models.Model):
    """What happened to a generation, in the past tense, beside the fact itself. Append-only."""

    generation = models.ForeignKey(Generation, models.CASCADE, related_name="events")
    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=24)
    actor = models.CharField(max_length=80, default="system")
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["generation", "id"], name="generation_event_order")]

    def __str__(self) -> str:
        return self.kind
