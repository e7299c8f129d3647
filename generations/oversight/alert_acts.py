"""What staff do about an alert that is on."""

from __future__ import annotations

from accounts import audit
from accounts.models import Action
from generations.models import Alert
from project import db
from project.errors import Conflict, FieldError, Invalid, NotFound

MOST_TEXT = 200


def acknowledge(*, by: audit.Staff, number: int, text: str) -> None:
    """Says that somebody knows of an alert and what is done about it; who says so later takes it over. The alert stays
    on until what it measures is calm. The same words of the same person again change nothing.

    Raises NotFound, Invalid (field text), Conflict when the alert is over."""
    words = text.strip()
    if not words or len(words) > MOST_TEXT:
        message = f"Write up to {MOST_TEXT} characters." if words else "Write what is done about it."
        raise Invalid(errors=[FieldError("text", message)])
    db.in_transaction(lambda: _acknowledge(by, number, words))


def _acknowledge(by: audit.Staff, number: int, words: str) -> None:
    alert = Alert.objects.select_for_update(no_key=True).filter(pk=number).first()
    if alert is None:
        raise NotFound("There is no such alert.")
    if alert.closed_at is not None:
        raise Conflict("This alert is over.", code="alert_over")
    actor = audit.actor_of(by)
    if (alert.acknowledged_by, alert.acknowledgement) == (actor, words):
        return
    alert.acknowledged_at, alert.acknowledged_by, alert.acknowledgement = db.now(), actor, words
    alert.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledgement"])
    audit.record(
        Action.ALERT_ACKNOWLEDGED,
        by=by,
        team=None,
        target=f"alert:{alert.pk}",
        target_name=f"{alert.get_kind_display()}: {alert.subject}",
        data={"text": words},
    )
