"""What the operator paid in at a provider, as staff record it: it explains why a balance rose. Never edited; a wrong
one is corrected by another of the opposite amount."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from accounts import audit
from accounts.models import Action
from generations import providers
from generations.models import ProviderTopUp
from project import db, money
from project.errors import FieldError, Invalid

MOST_NOTE = 200
AGAIN = timedelta(minutes=10)  # the same amount and moment by the same person within this is a second press


def record(*, provider: str, amount: int, paid_at: datetime, note: str, by: audit.Staff) -> ProviderTopUp:
    """Records that `amount` (micro-dollars; negative takes back what was recorded wrongly) was paid in at a moment.
    Raises Invalid. The same again within ten minutes is the first one."""
    words = note.strip()
    errors = []
    if provider not in providers.PROVIDERS:
        errors.append(FieldError("provider", "Choose one of the list."))
    if amount == 0 or abs(amount) >= money.CEILING:
        errors.append(FieldError("amount", "An amount is not 0, and below 1,000,000,000 USD."))
    if paid_at > db.now():
        errors.append(FieldError("paid_at", "This lies in the future."))
    if not words or len(words) > MOST_NOTE:
        errors.append(FieldError("note", f"Say what it was, in up to {MOST_NOTE} characters: an invoice, a card."))
    if errors:
        raise Invalid(errors=errors)

    def work() -> ProviderTopUp:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"framehouse:top-up:{provider}"])
        who = audit.actor_of(by)
        same = ProviderTopUp.objects.filter(provider=provider, amount=amount, paid_at=paid_at, recorded_by=who)
        row = same.filter(recorded_at__gte=db.now() - AGAIN).first()
        if row is None:
            row = ProviderTopUp.objects.create(
                provider=provider, amount=amount, paid_at=paid_at, note=words, recorded_by=who
            )
            audit.record(
                Action.PROVIDER_TOPUP_RECORDED,
                by=by,
                team=None,
                target=provider,
                target_name=provider,
                data={"usd": _usd(amount), "paid_at": paid_at.isoformat(), "note": words},
            )
        return row

    return db.in_transaction(work)


def _usd(micro: int) -> str:
    return ("-" if micro < 0 else "") + money.usd(abs(micro))
