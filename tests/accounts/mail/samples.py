"""Every mail of the house, filled with samples: names that would break markup, headers and links if they could."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts import notify

TEMPLATES = Path(settings.BASE_DIR) / "templates"
TO = "dora@example.com"
HOSTILE = """Tom & <b>"Co"</b> 'Ltd'"""
MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PERSON = SimpleNamespace(name=HOSTILE, email="alice@example.com")
ID = "0" * 32
STATE = SimpleNamespace(
    cap=5_000_000,
    used=4_000_000,
    held=100_000,
    left=900_000,
    raised=1_000_000,
    raised_until=MOMENT,
    resets_at=MOMENT,
    budget=SimpleNamespace(limit=4_000_000),
)
# One context for all of them: a mail that needs another name adds it here.
COMMON: dict[str, Any] = {
    "advice": HOSTILE,
    "after": "admin",
    "alerts": [
        {
            "subject": HOSTILE,
            "text": "7 of 20 generations failed.",
            "value": "35 %",
            "worst": "40 %",
            "since": MOMENT,
            "until": MOMENT,
        }
    ],
    "amount": 25_000_000,
    "at_once": False,
    "before": "member",
    "bonus": 1_250_000,
    "by": PERSON,
    "calm": "10 %",
    "card": "visa 4242",
    "days": 14,
    "desk": f"{settings.SITE_URL}/admin/alerts",
    "dispute": SimpleNamespace(amount=2_500_000, status="lost"),
    "endpoint": SimpleNamespace(
        url="https://hooks.example.com/framehouse",
        description=HOSTILE,
        public_id=f"whe_{ID}",
        team=SimpleNamespace(name=HOSTILE, public_id=f"team_{ID}"),
    ),
    "ends_at": MOMENT,
    "figure": "What failed at a provider in the last hour",
    "hours": 24,
    "invitation": SimpleNamespace(email=TO, role="member", expires_at=MOMENT),
    "ip": "198.51.100.7",
    "key": SimpleNamespace(name=HOSTILE, public_id=f"key_{ID}", scopes=["read", "generate"], expires_at=MOMENT),
    "low_balance": 5_000_000,
    "link": f"{settings.SITE_URL}/invitations/abc:secret",
    "member": PERSON,
    "more": 3,
    "new": "dora@new.example",
    "old": "dora@old.example",
    "owed": 1_250_000,
    "own": True,
    "payment": SimpleNamespace(
        amount=5_000_000,
        bonus=500_000,
        public_id=f"pay_{ID}",
        card="visa 4242",
        get_failure_display="The bank declined it.",
    ),
    "period": "month",
    "purse": SimpleNamespace(
        available=SimpleNamespace(balance=1_250_000), held=SimpleNamespace(balance=250_000), balance=1_500_000
    ),
    "raised": SimpleNamespace(amount=1_000_000, until=MOMENT),
    "reason": HOSTILE,
    "recharge": SimpleNamespace(
        threshold=10_000_000,
        target=50_000_000,
        monthly_ceiling=200_000_000,
        card="visa 4242",
        stopped_at=None,
        get_stopped_reason_display=HOSTILE,
    ),
    "refund": SimpleNamespace(amount=2_500_000),
    "request": SimpleNamespace(amount=2_000_000, reason=HOSTILE, answer=HOSTILE, public_id=f"req_{ID}"),
    "resets_at": MOMENT,
    "role": "owner",
    "since": MOMENT,
    "start": "fh_live_abcd",
    "state": STATE,
    "stopped": "declined",
    "team": SimpleNamespace(name=HOSTILE, public_id=f"team_{ID}"),
    "threshold": 80,
    "title": "A provider fails too often",
    "token": "abc-123",
    "typed": "25.00",
    "url": f"{settings.SITE_URL}/teams/team_{ID}/go?to=/wallet/payments/pay_{ID}",
    "who": "root@example.com",
    "whose": HOSTILE,
    "why": HOSTILE,
}
SPECIAL: dict[str, dict[str, Any]] = {name: {"by": HOSTILE} for name in ("key_issued", "key_rotated", "key_revoked")}
# What allauth passes; the hosts of its links are whatever the request's sender wrote.
IDENTITY: dict[str, Any] = {
    "activate_url": "http://forged.example/accounts/confirm-email/abc/",
    "password_reset_url": "http://forged.example/accounts/password/reset/key/1-abc/",
    "signup_url": "http://forged.example/accounts/signup/",
    "timestamp": MOMENT,
    "ip": "198.51.100.7",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "from_email": "dora@old.example",
    "to_email": "dora@new.example",
    "deleted_email": "dora@old.example",
}


def own() -> list[str]:
    """The names of our own mails: what has a text or a page in templates/mail."""
    files = [*(TEMPLATES / "mail").glob("*.txt"), *(TEMPLATES / "mail").glob("*.html")]
    return sorted({path.stem for path in files if not path.stem.startswith("_")} - {"base"})


def identity() -> list[str]:
    """The prefixes of allauth's mails that we have words for."""
    found: Iterator[Path] = TEMPLATES.glob("*/email/*_message.*")
    return sorted(
        {str(path.relative_to(TEMPLATES)).rpartition("_message")[0] for path in found if path.stem != "base_message"}
    )


def sample(name: str) -> EmailMultiAlternatives:
    """The mail of that name or prefix, as it would be sent."""
    mail.outbox.clear()
    if "/" in name:
        get_adapter().send_mail(name, TO, IDENTITY)
    else:
        notify.mail(to=TO, template=name, context=COMMON | SPECIAL.get(name, {}))
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    return message


def page(message: EmailMultiAlternatives) -> str:
    """Its HTML."""
    ((content, kind),) = message.alternatives
    assert kind == "text/html"
    return str(content)
