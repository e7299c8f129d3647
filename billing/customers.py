"""A team as Stripe's customer: made once, at its first purchase."""

from __future__ import annotations

from accounts.models import Team
from billing import details, stripe_gateway
from billing.models import Customer
from billing.stripe_seen import Refused
from project import db


def ensure(team: Team) -> str:
    """The team's customer at Stripe, made when there is none; of two that are made at once the first to be kept is
    everybody's, the other stays unused. Goes over the network: never in a transaction. Raises StripeFailed, Refused."""
    found = Customer.objects.filter(team=team).first()
    if found is not None:
        return found.stripe_id
    hour = f"{db.now():%Y%m%d%H}"
    made = stripe_gateway.make_customer(team, details.of(team), hour=hour)
    row, _ = Customer.objects.get_or_create(team=team, defaults={"stripe_id": made})
    return row.stripe_id


def tell(team_id: int) -> None:
    """Tells Stripe the team's billing details of today, where it knows the team: the job that details.change rings.
    Goes over the network. Raises StripeFailed, Refused: then the job is repeated."""
    found = Customer.objects.select_related("team").filter(team_id=team_id).first()
    if found is None or not stripe_gateway.is_on():
        return
    try:
        stripe_gateway.update_customer(found.stripe_id, found.team, details.of(found.team))
    except Refused as error:
        if error.code != "resource_missing":
            raise
        forget(found.team, found.stripe_id)


def forget(team: Team, stripe_id: str) -> None:
    """Stripe says that this customer is gone: the next purchase makes another."""
    Customer.objects.filter(team=team, stripe_id=stripe_id).delete()
