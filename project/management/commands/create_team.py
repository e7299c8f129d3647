"""create_team: a team with an owner, credit and an API key, for scripts and self-hosters (design section
8)."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from accounts import keys, roles, teams
from accounts.models import Membership, Role
from billing import budgets, credits, ledger
from billing.models import Period
from project import db, money
from project.text import clean_name

MOST_DAYS = 3650


class Command(BaseCommand):
    help = "Makes a team with an owner, credit and an API key. Prints the key once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="the team's name")
        parser.add_argument(
            "--email", required=True, help="the owner's address; made when missing, counts as confirmed"
        )
        parser.add_argument("--credits", default="0", help="credits to grant (1 credit = $0.005)")
        parser.add_argument("--credits-days", help="after so many days the granted credits expire, where unspent")
        parser.add_argument("--member-cap-usd", help="a monthly budget of the owner, in dollars")
        parser.add_argument("--key-cap-usd", help="a monthly budget of the key, in dollars")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip()
        name = options["name"].strip()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"--email: {email!r} is not an e-mail address.") from error
        try:
            clean_name(name)
        except ValueError as error:
            raise CommandError(f"--name {error}.") from error
        credit = _amount("--credits", options["credits"], money.from_credits)
        caps = {
            flag: _amount(f"--{flag.replace('_', '-')}", options[flag], money.from_usd)
            for flag in ("member_cap_usd", "key_cap_usd")
            if options[flag] is not None
        }
        days = None if options["credits_days"] is None else _days(options["credits_days"])
        answer = make(name=name, email=email, credit=credit, credit_days=days, **caps)
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        for label, value in answer.items():
            self.stdout.write(f"{label}: {value if value is not None else '(unchanged)'}")


def make(
    *,
    name: str,
    email: str,
    credit: int,
    credit_days: int | None = None,
    member_cap_usd: int | None = None,
    key_cap_usd: int | None = None,
) -> dict[str, str | None]:
    """Makes all of it in one transaction. Amounts in micro-dollars; the credit expires after `credit_days`, or never.
    `password` is null for a known address."""
    with transaction.atomic(durable=True):
        user, password = teams.ensure_user(email=email)
        team = teams.create(name=name, owner=user)
        ledger.open_wallet(team)
        if credit:
            credits.grant(
                team=team,
                amount=credit,
                actor="create_team",
                reason="first credit",
                grant_id=uuid.uuid4(),
                expires_at=None if credit_days is None else db.now() + timedelta(days=credit_days),
            )
        key, text = keys.issue(team=team, name="First key", scopes=list(roles.SCOPES), by=user)
        if member_cap_usd is not None:
            membership = Membership.objects.get(team=team, user=user, role=Role.OWNER)
            budgets.set_limit(
                by="create_team", team=team, membership=membership, period=Period.MONTH, limit=member_cap_usd
            )
        if key_cap_usd is not None:
            budgets.set_limit(by="create_team", team=team, api_key=key, period=Period.MONTH, limit=key_cap_usd)
    return {
        "team": team.public_id,
        "email": user.email,
        "password": password,
        "api_key": text,
        "key_id": key.public_id,
    }


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_DAYS:
        raise CommandError(f"--credits-days: a whole number from 1 to {MOST_DAYS}, not {text!r}.")
    return int(text)


def _amount(flag: str, text: str, read: Any) -> int:
    try:
        amount: int = read(text)
    except ValueError as error:
        raise CommandError(f"{flag}: {error}.") from error
    return amount
