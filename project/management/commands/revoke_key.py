"""revoke_key: ends API keys that were found where they should not be (faults.md E8): an act of the operator's."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import key_finds, keys
from accounts.models import ApiKey
from project import db, ids
from project.text import clean_name


class Command(BaseCommand):
    help = (
        "Revokes the API keys whose texts stand in standard input (a log, a commit, a paste), or the one of --id. "
        "The owners get a mail, the team's audit log a row. Never give a key as an argument: others would see it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--id", help="the key's public id (key_...) instead of texts")
        parser.add_argument("--reason", default="It was found in public.", help="a sentence for the owners")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reason = clean_name(options["reason"], longest=200)
        except ValueError as error:
            raise CommandError(f"--reason {error}.") from error
        if options["id"]:
            wanted = ids.parse("key", options["id"].strip())
            key = ApiKey.objects.filter(uuid=wanted).first() if wanted else None
            if key is None:
                raise CommandError("--id: there is no such key.")
            self._revoke(key, reason)
            return
        finds = key_finds.in_text(sys.stdin.read())
        if not finds:
            raise CommandError("No API key of ours stands in the text.")
        for find in finds:
            if find.works:
                self._revoke(find.key, reason)
            else:
                self.stdout.write(f"{find.key.public_id}: this secret of it works no more; nothing was done")

    def _revoke(self, key: ApiKey, reason: str) -> None:
        if key.revoked_at is not None:
            self.stdout.write(f"{key.public_id}: was revoked before")
            return
        db.in_transaction(lambda: keys.revoke(key=key, by="revoke_key", reason=reason))
        self.stdout.write(f"{key.public_id}: revoked")
