"""Who a team's receipts are made out to: name, address, tax id. All of it may be empty.

A payment keeps the details as they were when it was started (`frozen`): what was once a receipt never changes. Stripe
is told of a change by a job.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Now

from accounts import audit, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, Team
from billing import countries, tax_ids
from billing.models import BillingDetails, Customer
from project import queue, text
from project.errors import FieldError, Invalid

TELL = "billing.tasks.tell_customer"
LABELS = {
    "name": "Name",
    "email": "E-mail address",
    "line1": "Street and number",
    "line2": "Further line",
    "city": "City",
    "region": "State or region",
    "postal_code": "Postal code",
    "country": "Country",
    "tax_id": "Tax id",
}


@dataclass(frozen=True)
class Details:
    """As BillingDetails: texts, empty where nothing is known. `country` is an ISO 3166-1 code."""

    name: str = ""
    email: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    tax_id: str = ""

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return any(dataclasses.astuple(self))

    @property
    def lines(self) -> list[str]:
        """The address as it stands on a letter, without what is empty."""
        place = " ".join(part for part in (self.postal_code, self.city) if part)
        parts = (self.name, self.line1, self.line2, place, self.region, countries.name_of(self.country))
        return [part for part in parts if part]


def of(team: Team) -> Details:
    """A team's details now."""
    row = BillingDetails.objects.filter(team=team).first()
    return Details(**{name: getattr(row, name) for name in LABELS}) if row else Details()


def frozen(team: Team) -> dict[str, str]:
    """What a payment that is started now keeps in `invoice`: the details and the team's name as they are."""
    return {**dataclasses.asdict(of(team)), "team": Team.objects.get(pk=team.pk).name}


def thawed(invoice: dict[str, str]) -> Details:
    """The details in a payment's `invoice`."""
    return Details(**{name: invoice.get(name, "") for name in LABELS})


def change(*, by: Actor, details: Details) -> Details:
    """Replaces the details of the actor's team. Returns them as they are kept: one line each, single blanks.
    The caller holds the transaction.

    Raises Invalid with the fields that cannot be kept, Forbidden for who may not any more."""
    kept = _clean(details)
    team = teams.lock(by.team)
    actor = still(by, roles.BILLING)
    before = of(team)
    changed = [label for name, label in LABELS.items() if getattr(before, name) != getattr(kept, name)]
    if changed:
        values = {**dataclasses.asdict(kept), "updated_at": Now()}
        BillingDetails.objects.update_or_create(team=team, defaults=values)
        # Which, not what: the log is read by people who may not see the wallet, and nothing is ever deleted from it.
        data = {"fields": changed}
        audit.record(
            Action.BILLING_DETAILS_CHANGED,
            by=actor,
            team=team,
            target=team.public_id,
            target_name=team.name,
            data=data,
        )
        if Customer.objects.filter(team=team).exists():
            queue.enqueue(TELL, team.pk)
    return kept


def _clean(details: Details) -> Details:
    values, errors = {}, []
    for name, typed in dataclasses.asdict(details).items():
        try:
            values[name] = _line(name, typed)
        except ValueError as error:
            errors.append(FieldError(name, f"{LABELS[name]} {error}."))
            values[name] = ""
    values["country"] = values["country"].upper()
    if values["country"] and values["country"] not in countries.COUNTRIES:
        errors.append(FieldError("country", "Choose a country of the list.", "unknown"))
    wrong = tax_ids.fault(values["tax_id"], country=values["country"])
    if wrong:
        errors.append(FieldError("tax_id", wrong))
    if values["email"] and not _is_address(values["email"]):
        errors.append(FieldError("email", "Enter a valid e-mail address."))
    if errors:
        raise Invalid("The billing details cannot be kept like this.", errors=errors)
    return Details(**values)


def _line(name: str, typed: str) -> str:
    """One line, or nothing."""
    longest: int = getattr(BillingDetails._meta.get_field(name), "max_length")  # noqa: B009 - relations have none
    blank = not unicodedata.normalize("NFC", typed).strip()
    return "" if blank else text.clean_name(typed, longest=longest)


def _is_address(typed: str) -> bool:
    try:
        validate_email(typed)
    except ValidationError:
        return False
    return True
