"""The page that explains the API: everything of the document is on it, and a stranger gets by with it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
import time
from typing import Any

import pytest
from django.test import Client

from project.openapi_views import document

MOST_BYTES = 150_000


@pytest.fixture
def page(world: Any) -> str:
    response = Client().get("/api/v1/docs")
    assert response.status_code == 200
    return response.content.decode()


def test_every_call_and_every_model_is_on_it(page: str) -> None:
    ids = [one["operationId"] for methods in document()["paths"].values() for one in methods.values()]
    slugs = document()["components"]["schemas"]["QuoteRequest"]["discriminator"]["mapping"]
    for anchor in [*ids, *(f"model-{slug}" for slug in slugs)]:
        assert page.count(f'id="{anchor}"') == 1, anchor


def test_every_link_within_it_leads_somewhere(page: str) -> None:
    anchors = re.findall(r'\bid="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)


def test_it_is_small_and_needs_no_script(page: str) -> None:
    assert len(page.encode()) < MOST_BYTES
    assert not re.search(r"<script(?! src)|\bstyle=|\bon[a-z]+=", page)


def test_it_is_open_and_linked(world: Any, client: Client, alice: Client) -> None:
    assert 'href="/api/v1/docs"' in client.get("/").content.decode()
    assert 'href="/api/v1/docs"' in alice.get("/team/keys").content.decode()
    assert "/openapi.json" in alice.get("/api/v1/docs").content.decode()


def test_its_snippet_verifies_webhooks(page: str) -> None:
    found = re.search(r'<pre[^>]* id="verify">(.*?)</pre>', page, re.DOTALL)
    assert found
    room: dict[str, Any] = {}
    exec(html.unescape(found[1]), room)
    key, body, now = b"k" * 32, b'{"id": "evt_1"}', str(int(time.time()))
    secret = f"whsec_{base64.b64encode(key).decode()}"

    def signed(moment: str, by: bytes = key) -> dict[str, str]:
        mac = hmac.new(by, f"evt_1.{moment}.".encode() + body, hashlib.sha256).digest()
        line = f"v1,{base64.b64encode(mac).decode()}"
        return {"webhook-id": "evt_1", "webhook-timestamp": moment, "webhook-signature": f"v1,AAAA {line}"}

    room["verify"](secret, signed(now), body)
    for headers, what in (
        (signed(now), b'{"id": "evt_2"}'),
        (signed(now, by=b"x" * 32), body),
        (signed(str(int(now) - 400)), body),
        ({**signed(now), "webhook-id": "evt_2"}, body),
    ):
        with pytest.raises(ValueError, match="not signed|too old"):
            room["verify"](secret, headers, what)
