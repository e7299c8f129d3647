"""create_staff: the first of the operator's people, and each one after (README, "Staff")."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import duties, staff_people
from accounts.emails import normal
from project.errors import Conflict, NotFound


class Command(BaseCommand):
    help = "Makes somebody staff. Prints a password once when the address is new."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="their address; made when missing, counts as confirmed")
        parser.add_argument("--superuser", action="store_true", help="may see and change all that the staff pages have")
        parser.add_argument(
            "--duty", action="append", default=[], help="a bundle of duties they get: watch, finance, …; more than once"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            email = normal(options["email"])
        except ValidationError as error:
            raise CommandError(f"--email: {' '.join(error.messages)}") from error
        try:
            acts = [act for name in options["duty"] for act in duties.of_bundle(name)]
            user, password = staff_people.make(email=email, superuser=options["superuser"], acts=acts)
        except (Conflict, NotFound) as error:
            raise CommandError(error.detail) from error
        if options["json"]:
            answer = {"email": user.email, "password": password, "superuser": user.is_superuser}
            self.stdout.write(json.dumps(answer))
            return
        self.stdout.write(f"{user.email} is {'a superuser' if user.is_superuser else 'staff'} now.")
        if acts:
            self.stdout.write(f"They may now also: {', '.join(acts)}.")
        self.stdout.write(f"password: {password or '(unchanged)'}")
        self.stdout.write(f"Sign in at {settings.SITE_URL}/admin/ and add a second factor: it lets nobody in without.")
