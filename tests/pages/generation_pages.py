"""What the tests of a generation's page have in common."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from generations.models import Generation
from tests.pages.parsing import Page, read

Make = Callable[..., Generation]
HOSTILE = "</textarea><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7 }} \" ' &amp;"


def page_of(client: Client, row: Generation, status: int = 200) -> Page:
    return read(client.get(f"/generations/{row.public_id}"), status)


def poll(page: Page) -> str | None:
    """What the page asks next for, and how it stands; None when it has ended."""
    return page.one("div", id="progress").attrs.get("hx-get")
