"""How an event of the audit log reads: a sentence, what changed, who did it and from where. Plain text everywhere;
templates escape it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts import user_agents
from accounts.audit import NOBODY, STAFF
from accounts.models import Action, AuditEvent
from project.money import dollars
from project.times import instant, stamp

# The first word of an action, and what the filter calls everything that begins with it.
GROUPS = {
    "user": "Sign-in and security",
    "team": "Team",
    "member": "Members and roles",
    "invitation": "Invitations",
    "key": "API keys",
    "budget": "Budgets",
    "money": "Money",
    "webhook": "Webhooks",
    "generation": "Generations",
    "share": "Share links",
    "audit": "Audit log",
    "staff": "Staff",
    "price": "Prices",
    "provider": "Providers",
    "ledger": "Books",
    "costs": "Costs",
    "alert": "Alerts",
}

# What was done; `*` stands for whom or what it was done to. A target that has no place here follows in brackets,
# unless it is the actor.
SENTENCES: dict[Action, str] = {
    Action.SIGNED_UP: "Signed up",
    Action.SIGNED_IN: "Signed in",
    Action.SIGN_IN_FAILED: "Failed to sign in as *",
    Action.SIGNED_OUT: "Signed out",
    Action.SESSION_ENDED: "Ended a session",
    Action.PASSWORD_CHANGED: "Changed the password",
    Action.PASSWORD_RESET: "Reset the password",
    Action.ADDRESS_CHANGE_ASKED: "Asked to change the e-mail address",
    Action.ADDRESS_CHANGED: "Changed the e-mail address",
    Action.FACTOR_ADDED: "Added a second factor",
    Action.FACTOR_REMOVED: "Removed a second factor",
    Action.RECOVERY_CODES_MADE: "Made new recovery codes",
    Action.TEAM_CREATED: "Created the team *",
    Action.TEAM_RENAMED: "Renamed the team",
    Action.TEAM_MFA_REQUIRED: "Required a second factor of every member",
    Action.TEAM_MFA_NOT_REQUIRED: "No longer required a second factor",
    Action.TEAM_HANDED_OVER: "Handed the team over to *",
    Action.TEAM_CLOSING: "Began to close the team",
    Action.TEAM_CLOSED: "Closed the team",
    Action.TEAM_SUSPENDED: "Suspended the team",
    Action.TEAM_REINSTATED: "Reinstated the team",
    Action.MEMBER_JOINED: "Joined the team",
    Action.MEMBER_LEFT: "Left the team",
    Action.MEMBER_REMOVED: "Removed * from the team",
    Action.ROLE_CHANGED: "Changed the role of *",
    Action.INVITED: "Invited *",
    Action.INVITED_AGAIN: "Sent the invitation of * again",
    Action.INVITATION_WITHDRAWN: "Withdrew the invitation of *",
    Action.KEY_ISSUED: "Issued the API key *",
    Action.KEY_CHANGED: "Changed the API key *",
    Action.KEY_ROTATED: "Rotated the API key *",
    Action.KEY_OLD_SECRET_ENDED: "Ended the earlier secret of the API key *",
    Action.KEY_REVOKED: "Revoked the API key *",
    Action.BUDGET_SET: "Set a budget of *",
    Action.BUDGET_REMOVED: "Removed a budget of *",
    Action.BUDGET_ASKED: "Asked for more budget",
    Action.BUDGET_RAISED: "Raised a budget of * until a date",
    Action.BUDGET_RAISE_ENDED: "Ended a raise of a budget of *",
    Action.BUDGET_DECLINED: "Declined to raise a budget of *",
    Action.BUDGET_ASK_WITHDRAWN: "Withdrew the request for more budget",
    Action.CREDIT_GRANTED: "Granted credit",
    Action.CREDIT_BOUGHT: "Bought credit",
    Action.PAYMENT_REFUNDED: "Refunded a payment",
    Action.REFUND_FAILED: "Gave back the credit of a refund that failed",
    Action.DISPUTE_OPENED: "Froze credit: a payment was disputed",
    Action.DISPUTE_ENDED: "Ended a dispute",
    Action.TEAM_RESTRICTED: "Restricted the team",
    Action.RESTRICTION_LIFTED: "Lifted the restriction of the team",
    Action.RECHARGE_SET: "Set automatic recharge",
    Action.RECHARGE_STOPPED: "Stopped automatic recharge",
    Action.BALANCE_WATCH_SET: "Set the mail about a low balance",
    Action.BILLING_DETAILS_CHANGED: "Changed the billing details",
    Action.STATEMENT_EXPORTED: "Exported the statement",
    Action.WEBHOOK_ENDPOINT_ADDED: "Added the webhook endpoint *",
    Action.WEBHOOK_ENDPOINT_CHANGED: "Changed the webhook endpoint *",
    Action.WEBHOOK_ENDPOINT_DISABLED: "Disabled the webhook endpoint *",
    Action.WEBHOOK_ENDPOINT_DELETED: "Deleted the webhook endpoint *",
    Action.WEBHOOK_SECRET_ROTATED: "Rotated the signing secret of *",
    Action.OUTPUTS_DELETED: "Deleted the outputs of *",
    Action.SHARE_MADE: "Made a share link to *",
    Action.SHARE_REVOKED: "Revoked a share link to *",
    Action.AUDIT_EXPORTED: "Exported the audit log",
    Action.STAFF_CHANGED: "Changed * in the administration",
    Action.STAFF_VIEWED: "Looked at the team's pages",
    Action.DUTIES_CHANGED: "Changed the duties of *",
    Action.CREDIT_ADJUSTED: "Adjusted credit",
    Action.ADJUSTMENT_PROPOSED: "Proposed to adjust credit",
    Action.ADJUSTMENT_REFUSED: "Refused to adjust credit",
    Action.WALLET_FROZEN: "Froze the wallet",
    Action.WALLET_UNFROZEN: "Unfroze the wallet",
    Action.PRICE_PUBLISHED: "Published a price of *",
    Action.DISCOUNT_SET: "Set a discount",
    Action.PAUSED: "Paused *",
    Action.RESUMED: "Resumed *",
    Action.UNKNOWN_RESOLVED: "Resolved the unknown outcome of *",
    Action.CALLBACK_REPLAYED: "Replayed a callback for *",
    Action.ALARM_CLEARED: "Cleared the alarm of the books",
    Action.LEDGER_CHECKED: "Had the books checked",
    Action.USAGE_IMPORTED: "Imported the usage of *",
    Action.PROVIDER_TOPUP_RECORDED: "Recorded a top-up at *",
    Action.CASE_CHANGED: "Changed the case *",
    Action.COSTS_EXPORTED: "Exported figures of costs: *",
    Action.ALERT_ACKNOWLEDGED: "Acknowledged the alert *",
    Action.ALERT_RULE_SET: "Set the rule of the alert *",
    Action.ALERTS_TESTED: "Sent a test of the alerts",
}
OWN_TEAM = ("team.", "money.", "audit.")  # their target is the team whose log it is

# Numbers that are micro-dollars: by their name, and every one in the data of these groups.
AMOUNTS = frozenset(
    {"amount", "limit", "cap", "used", "held", "left", "wanted", "threshold", "target", "monthly_ceiling"}
)
AMOUNTS_IN = ("budget.", "money.")
ALLOWED = frozenset({"allowed_ips", "allowed_models"})  # an empty list allows all
LABELS = {"allowed_ips": "Allowed IP addresses", "expires_at": "Expires", "with": "By"}
LONGEST = 200  # characters of one value on the page; the export has all of it


@dataclass(frozen=True)
class Change:
    """One thing of an event: what it is called, and its value before (None where there is no before) and after."""

    name: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Told:
    """An event in words. `at` is the full stamp; `did`, `whom` and `rest` are one sentence; `agent` is in short what
    the browser says it is."""

    at: str
    who: str
    did: str
    whom: str
    rest: str
    changes: list[Change]
    ip: str
    agent: str
    user_agent: str


def tell(event: AuditEvent) -> Told:
    """The event as its team reads it: of the operator's people only that they are staff."""
    did, whom, rest = _sentence(event)
    hidden = by_staff(event)
    return Told(
        at=stamp(event.created_at),
        who=who(event),
        did=did,
        whom=whom,
        rest=rest,
        changes=changes(event),
        ip="" if hidden else event.ip or "",
        agent="" if hidden else user_agents.in_short(event.user_agent),
        user_agent="" if hidden else event.user_agent,
    )


def actions_of(group: str) -> list[Action]:
    """The actions of a group of GROUPS."""
    return [action for action in Action if action.partition(".")[0] == group]


def by_staff(event: AuditEvent) -> bool:
    """Whether one of the operator's people did it: a team is not told who, nor from where."""
    return event.actor.startswith(f"{STAFF}:")


def by_program(event: AuditEvent) -> bool:
    """Whether a program of ours did it by itself: only people and keys have names with a `:` or a `key_`."""
    return event.actor != NOBODY and ":" not in event.actor and not event.actor.startswith("key_")


def who(event: AuditEvent) -> str:
    """Who did it, for the team."""
    if by_staff(event):
        return "Framehouse staff"
    if by_program(event):
        return "Framehouse"
    if event.actor == NOBODY:
        return "Somebody"
    return event.actor_name or event.actor


def changes(event: AuditEvent) -> list[Change]:
    """What the data says: `before` and `after` (values, or fields with values) as changes, the rest as it is."""
    money = event.action.startswith(AMOUNTS_IN)
    data: Mapping[str, Any] = event.data
    found = _changed("", data.get("before"), data.get("after"), money=money) if data.keys() & _PAIR else []
    for name, value in data.items():
        if isinstance(value, Mapping) and value.keys() == _PAIR:
            found += _changed(name, value["before"], value["after"], money=money)
        elif name not in _PAIR and (name, value) != ("name", event.target_name):
            found.append(Change(_label(name), None, _text(name, value, money=money)))
    return found


_PAIR = {"before", "after"}


def _sentence(event: AuditEvent) -> tuple[str, str, str]:
    action = Action(event.action)
    target = event.target_name or event.target
    did, place, rest = SENTENCES[action].partition("*")
    if place:
        return did, target or "somebody", rest
    if not target or event.target == event.actor or target == event.actor_name or action.startswith(OWN_TEAM):
        return did, "", ""
    return f"{did} (", target, ")"


def _changed(name: str, before: Any, after: Any, *, money: bool) -> list[Change]:
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        old, new = (value if isinstance(value, Mapping) else {} for value in (before, after))
        names = [*old, *(field for field in new if field not in old)]
        return [
            change
            for field in names
            if old.get(field) != new.get(field)
            for change in _changed(field, old.get(field), new.get(field), money=money)
        ]
    return [Change(_label(name), _text(name, before, money=money), _text(name, after, money=money))]


def _label(name: str) -> str:
    if name in LABELS:
        return LABELS[name]
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:60]


def _text(name: str, value: Any, *, money: bool) -> str:
    if value is None or value in ("", [], {}):
        return "all" if name in ALLOWED else "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return dollars(value) if name in AMOUNTS or (money and not name) else str(value)
    if isinstance(value, list):
        text = ", ".join(_text(name, item, money=money) for item in value)
    else:
        text = _read(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _read(text: str) -> str:
    """A moment as pages write moments; other text as it is."""
    try:
        return f"{instant(text):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text
