"""The audit log: who did what to whom, from where (faults.md E11)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models.teams import Team


class Action(models.TextChoices):
    """What can be done, in the past tense, as `noun.verb`. The label is what the page says."""

    SIGNED_UP = "user.signed_up", "Signed up"
    SIGNED_IN = "user.signed_in", "Signed in"
    SIGN_IN_FAILED = "user.sign_in_failed", "Failed to sign in"
    SIGNED_OUT = "user.signed_out", "Signed out"
    SESSION_ENDED = "user.session_ended", "Ended a session"
    PASSWORD_CHANGED = "user.password_changed", "Changed the password"
    PASSWORD_RESET = "user.password_reset", "Reset the password"
    ADDRESS_CHANGE_ASKED = "user.address_change_asked", "Asked to change the address"
    ADDRESS_CHANGED = "user.address_changed", "Changed the address"
    FACTOR_ADDED = "user.factor_added", "Added a second factor"
    FACTOR_REMOVED = "user.factor_removed", "Removed a second factor"
    RECOVERY_CODES_MADE = "user.recovery_codes_made", "Made new recovery codes"
    TEAM_CREATED = "team.created", "Created the team"
    TEAM_RENAMED = "team.renamed", "Renamed the team"
    TEAM_MFA_REQUIRED = "team.mfa_required", "Required a second factor"
    TEAM_MFA_NOT_REQUIRED = "team.mfa_not_required", "No longer required a second factor"
    TEAM_HANDED_OVER = "team.handed_over", "Handed the team over"
    TEAM_CLOSING = "team.closing", "Began to close the team"
    TEAM_CLOSED = "team.closed", "Closed the team"
    TEAM_SUSPENDED = "team.suspended", "Suspended the team"
    TEAM_REINSTATED = "team.reinstated", "Reinstated the team"
    MEMBER_JOINED = "member.joined", "Joined the team"
    MEMBER_LEFT = "member.left", "Left the team"
    MEMBER_REMOVED = "member.removed", "Removed a member"
    ROLE_CHANGED = "member.role_changed", "Changed a role"
    INVITED = "invitation.sent", "Invited somebody"
    INVITED_AGAIN = "invitation.resent", "Sent an invitation again"
    INVITATION_WITHDRAWN = "invitation.withdrawn", "Withdrew an invitation"
    KEY_ISSUED = "key.issued", "Issued an API key"
    KEY_CHANGED = "key.changed", "Changed an API key"
    KEY_ROTATED = "key.rotated", "Rotated an API key"
    KEY_OLD_SECRET_ENDED = "key.old_secret_ended", "Ended an API key's earlier secret"
    KEY_REVOKED = "key.revoked", "Revoked an API key"
    BUDGET_SET = "budget.set", "Set a budget"
    BUDGET_REMOVED = "budget.removed", "Removed a budget"
    BUDGET_ASKED = "budget.asked", "Asked for more budget"
    BUDGET_RAISED = "budget.raised", "Raised a budget until a date"
    BUDGET_RAISE_ENDED = "budget.raise_ended", "Ended a raise of a budget"
    BUDGET_ASK_WITHDRAWN = "budget.ask_withdrawn", "Withdrew a request for more budget"
    BUDGET_DECLINED = "budget.declined", "Declined to raise a budget"
    CREDIT_GRANTED = "money.granted", "Granted credit"
    CREDIT_BOUGHT = "money.bought", "Bought credit"
    PAYMENT_REFUNDED = "money.refunded", "Refunded a payment"
    REFUND_FAILED = "money.refund_failed", "A refund failed"
    DISPUTE_OPENED = "money.dispute_opened", "A payment was disputed"
    DISPUTE_ENDED = "money.dispute_ended", "A dispute ended"
    TEAM_RESTRICTED = "money.restricted", "Restricted the team"
    RESTRICTION_LIFTED = "money.restriction_lifted", "Lifted the restriction"
    RECHARGE_SET = "money.recharge_set", "Set automatic recharge"
    RECHARGE_STOPPED = "money.recharge_stopped", "Automatic recharge stopped"
    BALANCE_WATCH_SET = "money.balance_watch_set", "Set the low balance mail"
    BILLING_DETAILS_CHANGED = "money.details_changed", "Changed the billing details"
    STATEMENT_EXPORTED = "money.statement_exported", "Exported the statement"
    WEBHOOK_ENDPOINT_ADDED = "webhook.endpoint_added", "Added a webhook endpoint"
    WEBHOOK_ENDPOINT_CHANGED = "webhook.endpoint_changed", "Changed a webhook endpoint"
    WEBHOOK_ENDPOINT_DISABLED = "webhook.endpoint_disabled", "Disabled a webhook endpoint"
    WEBHOOK_ENDPOINT_DELETED = "webhook.endpoint_deleted", "Deleted a webhook endpoint"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated", "Rotated a webhook secret"
    OUTPUTS_DELETED = "generation.outputs_deleted", "Deleted the outputs of generations"
    SHARE_MADE = "share.made", "Made a share link"
    SHARE_REVOKED = "share.revoked", "Revoked a share link"
    AUDIT_EXPORTED = "audit.exported", "Exported the audit log"
    STAFF_CHANGED = "staff.changed", "Staff changed something"
    STAFF_VIEWED = "staff.viewed", "Staff looked at the team's pages"
    DUTIES_CHANGED = "staff.duties_changed", "Changed what somebody of the staff may do"
    CREDIT_ADJUSTED = "money.adjusted", "Adjusted credit"
    ADJUSTMENT_PROPOSED = "money.adjustment_proposed", "Proposed to adjust credit"
    ADJUSTMENT_REFUSED = "money.adjustment_refused", "Refused to adjust credit"
    WALLET_FROZEN = "money.frozen", "Froze the wallet"
    WALLET_UNFROZEN = "money.unfrozen", "Unfroze the wallet"
    PRICE_PUBLISHED = "price.published", "Published a price"
    DISCOUNT_SET = "price.discount_set", "Set a team's discount"
    PAUSED = "provider.paused", "Paused a provider or model"
    RESUMED = "provider.resumed", "Resumed a provider or model"
    UNKNOWN_RESOLVED = "provider.unknown_resolved", "Resolved a generation of unknown outcome"
    CALLBACK_REPLAYED = "provider.callback_replayed", "Replayed a callback"
    ALARM_CLEARED = "ledger.alarm_cleared", "Cleared the alarm of the books"
    LEDGER_CHECKED = "ledger.checked", "Had the books checked"
    USAGE_IMPORTED = "costs.usage_imported", "Imported a provider's usage"
    PROVIDER_TOPUP_RECORDED = "costs.topup_recorded", "Recorded a top-up at a provider"
    CASE_CHANGED = "costs.case_changed", "Changed a reconciliation case"
    COSTS_EXPORTED = "costs.exported", "Exported figures of costs"
    ALERT_ACKNOWLEDGED = "alert.acknowledged", "Acknowledged an alert"
    ALERT_RULE_SET = "alert.rule_set", "Set the rule of an alert"
    ALERTS_TESTED = "alert.tested", "Sent a test of the alerts"


class AuditEvent(models.Model):
    """One act. Append-only (trigger). `actor` and `target` are public ids or `user:<id>`, so the log outlives what
    it names; `data` holds what changed, before and after, and never a key, a token or a prompt."""

    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="audit_events")
    action = models.CharField(max_length=40, choices=Action.choices)
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=254)
    target = models.CharField(max_length=80, blank=True)
    target_name = models.CharField(max_length=254, blank=True)
    data = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["team", "-id"], name="audit_of_team"),
            models.Index(fields=["team", "action", "-id"], name="audit_of_team_by_action"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
        ]
        constraints = [models.CheckConstraint(condition=Q(action__in=Action.values), name="audit_action_known")]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"
