"""Who did something, on the pages of the desks: a person's address instead of the name that rows keep of them.

A page is written with gaps where rows say `staff:5` or `user:5`; one query fills them all, however many there are."""

from __future__ import annotations

import re
import secrets

from django.utils.html import escape

from accounts.models import User

PERSON = re.compile(r"(staff|user):([0-9]{1,18})")


class Names:
    """The gaps of one page."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)

    def gap(self, actor: str) -> str:
        """What a template writes for who did something: a gap for a person; a key, a program or an address of old
        stays as it is."""
        found = PERSON.fullmatch(actor)
        return f"{self._mark}-{found[1]}-{found[2]}." if found else actor

    def fill(self, page: bytes) -> bytes:
        """The page with addresses in its gaps; who is not known keeps the name of the row."""
        gaps = re.compile(rf"{self._mark}-(staff|user)-([0-9]+)\.".encode())
        pks = {int(gap[2]) for gap in gaps.finditer(page)}
        if not pks:
            return page
        known = dict(User.objects.filter(pk__in=pks).values_list("pk", "email"))

        def filled(gap: re.Match[bytes]) -> bytes:
            return escape(known.get(int(gap[2]), f"{gap[1].decode()}:{gap[2].decode()}")).encode()

        return gaps.sub(filled, page)
