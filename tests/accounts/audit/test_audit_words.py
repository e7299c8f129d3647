"""How events read: every action has words, what changed stands before and after, a browser in short."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import audit_words, user_agents
from accounts.audit_words import Change
from accounts.models import Action, AuditEvent


def event(action: Action = Action.INVITED, **fields: Any) -> AuditEvent:
    return AuditEvent(**{"action": action, "actor": "user:1", "actor_name": "alice@example.com", "data": {}, **fields})


def sentence(row: AuditEvent) -> str:
    told = audit_words.tell(_dated(row))
    return told.did + told.whom + told.rest


def _dated(row: AuditEvent) -> AuditEvent:
    from datetime import UTC, datetime

    row.created_at = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    return row


@pytest.mark.parametrize("action", Action)
def test_every_action_has_words_and_a_group(action: Action) -> None:
    assert action in audit_words.SENTENCES, f"{action.name} has no sentence"
    group = action.partition(".")[0]
    assert group in audit_words.GROUPS, f"{action.name} is in no group of the filter"
    assert action in audit_words.actions_of(group)
    told = sentence(event(action, target="mem_1", target_name="bob@example.com"))
    assert told[0].isupper()
    assert "*" not in told
    if "*" in audit_words.SENTENCES[action]:
        assert "bob@example.com" in told


def test_no_word_is_left_of_an_action_that_is_gone() -> None:
    assert set(audit_words.SENTENCES) == set(Action)
    assert set(audit_words.GROUPS) == {action.partition(".")[0] for action in Action}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            event(Action.ROLE_CHANGED, target="mem_1", target_name="bob@example.com"),
            "Changed the role of bob@example.com",
        ),
        (event(Action.INVITED_AGAIN, target_name="eve@example.com"), "Sent the invitation of eve@example.com again"),
        (event(Action.MEMBER_REMOVED, target="mem_1"), "Removed mem_1 from the team"),
        (event(Action.MEMBER_REMOVED), "Removed somebody from the team"),
        (event(Action.SIGNED_IN, target="user:1", target_name="alice@example.com"), "Signed in"),
        (event(Action.MEMBER_LEFT, target="mem_1", target_name="alice@example.com"), "Left the team"),
        (
            event(Action.FACTOR_REMOVED, target="user:2", target_name="bob@example.com"),
            "Removed a second factor (bob@example.com)",
        ),
        (event(Action.TEAM_CLOSED, target="team_1", target_name="Studio"), "Closed the team"),
    ],
)
def test_whom_it_was_done_to_stands_in_its_place(row: AuditEvent, words: str) -> None:
    assert sentence(row) == words


@pytest.mark.parametrize(
    ("action", "data", "changes"),
    [
        (Action.ROLE_CHANGED, {"before": "member", "after": "admin"}, [Change("", "member", "admin")]),
        (
            Action.KEY_CHANGED,
            {"before": {"name": "a", "allowed_ips": []}, "after": {"name": "b", "allowed_ips": ["10.0.0.0/8"]}},
            [Change("Name", "a", "b"), Change("Allowed IP addresses", "all", "10.0.0.0/8")],
        ),
        (
            Action.KEY_ROTATED,
            {"before": {"expires_at": "2026-01-31T09:30:00Z"}, "after": {"expires_at": "2027-01-31T09:30:00.5Z"}},
            [Change("Expires", "2026-01-31 09:30 UTC", "2027-01-31 09:30 UTC")],
        ),
        (
            Action.KEY_CHANGED,
            {"scopes": {"before": ["read"], "after": ["read", "generate"]}},
            [Change("Scopes", "read", "read, generate")],
        ),
        (Action.KEY_CHANGED, {"before": {"same": 1, "x": 1}, "after": {"same": 1}}, [Change("X", "1", "nothing")]),
        (
            Action.BUDGET_SET,
            {"period": "day", "before": None, "after": 5_000_000},
            [Change("", "nothing", "$5.00"), Change("Period", None, "day")],
        ),
        (Action.BUDGET_REMOVED, {"before": 17_500, "after": None}, [Change("", "$0.0175", "nothing")]),
        (Action.CREDIT_GRANTED, {"amount": 10_000_000}, [Change("Amount", None, "$10.00")]),
        (Action.SIGNED_IN, {"methods": ["password", "totp"]}, [Change("Methods", None, "password, totp")]),
        (Action.TEAM_CLOSING, {"invitations_withdrawn": 2}, [Change("Invitations withdrawn", None, "2")]),
        (Action.TEAM_MFA_REQUIRED, {"before": False, "after": True}, [Change("", "no", "yes")]),
        (Action.STAFF_CHANGED, {"before": {"a": 1}}, [Change("A", "1", "nothing")]),
        (Action.SIGNED_OUT, {}, []),
        (Action.STAFF_CHANGED, {"deep": {"x": [1, {"y": None}]}}, [Change("Deep", None, '{"x": [1, {"y": null}]}')]),
    ],
)
def test_what_changed_stands_before_and_after(action: Action, data: dict[str, Any], changes: list[Change]) -> None:
    assert audit_words.changes(event(action, data=data)) == changes


def test_a_long_value_is_cut_on_the_page() -> None:
    (change,) = audit_words.changes(event(data={"note": "x" * 5_000}))
    assert change.after == "x" * 199 + "…"


def test_the_name_of_a_key_is_not_said_twice() -> None:
    row = event(Action.KEY_ISSUED, target_name="CI", data={"name": "CI", "scopes": ["read"]})
    assert audit_words.changes(row) == [Change("Scopes", None, "read")]


@pytest.mark.parametrize(
    ("actor", "name", "who"),
    [
        ("user:1", "alice@example.com", "alice@example.com"),
        ("key_1", "CI", "CI"),
        ("staff:7", "sam@example.com", "Framehouse staff"),
        ("system", "system", "Framehouse"),
        ("create_team", "create_team", "Framehouse"),
        ("unknown", "unknown", "Somebody"),
        ("user:1", "", "user:1"),
    ],
)
def test_who_did_it(actor: str, name: str, who: str) -> None:
    assert audit_words.who(event(actor=actor, actor_name=name)) == who


CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on Linux"),
        (CHROME, "Chrome 126 on Windows"),
        (f"{CHROME} Edg/126.0.2592.68", "Edge 126 on Windows"),
        (f"{CHROME} OPR/111.0", "Opera 111 on Windows"),
        (f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari 17 on iPhone"),
        (f"{IPHONE} CriOS/126.0 Mobile/15E148 Safari/604.1", "Chrome 126 on iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
            "Chrome 126 on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
            "Safari 17 on macOS",
        ),
        ("Mozilla/5.0 (compatible)", "A browser"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("python-httpx/0.27 something", "python-httpx/0.27"),
        ("x" * 200, "x" * 40),
        ("", ""),
    ],
)
def test_a_browser_in_short(user_agent: str, words: str) -> None:
    assert user_agents.in_short(user_agent) == words
