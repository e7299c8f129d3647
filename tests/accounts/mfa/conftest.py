"""People who sign in by the real pages, with factors of software."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from project import db
from tests.accounts.mfa.security_key import SecurityKey, posted
from tests.pages.parsing import read
from tests.world import PASSWORD, World

LOGIN, SECOND = "/accounts/login/", "/accounts/2fa/authenticate/"
TOTP, KEYS = "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"
CODES, INDEX = "/accounts/2fa/recovery-codes/", "/accounts/2fa/"

ENOUGH = 6.0  # seconds that a test needs between making a code and using it


@pytest.fixture(autouse=True)
def _fresh_limits(request: Any) -> None:
    """Tries are counted in the cache. Steps of an app are not: they stand in the database."""
    request.getfixturevalue("transactional_db" if "committed_world" in request.fixturenames else "db")
    cache.clear()


def step_now() -> int:
    """The step of 30 s that codes are made of now, by the database's clock; waits for the next one when this one is
    about to end, so that a test stands in one step."""
    while (left := 30 - (moment := db.now().timestamp()) % 30) < ENOUGH:
        time.sleep(left)
    return int(moment) // 30


def code_of(secret: str, step: int) -> str:
    """What an authenticator app shows in that step."""
    return str(format_hotp_value(hotp_value(secret, step)))


def first_step(client: Client, user: User, password: str = PASSWORD, **data: str) -> Any:
    """Address and password, by the real page."""
    return client.post(LOGIN, {"login": user.email, "password": password, **data})


def signed_in(user: User) -> Client:
    """A browser that signed in by password and then gave its password once more: a fresh proof."""
    client = Client()
    response = first_step(client, user)
    assert response.status_code == 302, response.content
    proof = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert proof.status_code == 302, proof.content
    return client


def is_in(client: Client) -> bool:
    """Whether this browser is signed in."""
    return bool(client.get(INDEX).status_code == 200)


def page_data(response: Any) -> dict[str, Any]:
    """The options that a page hands to the browser's script."""
    found = re.search(r'<script id="js_data" type="application/json">(.+?)</script>', response.content.decode())
    assert found is not None, response.content.decode()
    data: dict[str, Any] = json.loads(found[1])
    return data


def add_app(client: Client) -> str:
    """Adds an authenticator app by the page, with the code of the step before: its secret."""
    page = read(client.get(TOTP))
    secret = page.one("code", id="totp-secret").text
    response = client.post(TOTP, {"code": code_of(secret, step_now() - 1)})
    assert response.headers.get("Location") == CODES, read(response).words
    return secret


def add_key(client: Client, key: SecurityKey, *, name: str = "My key", alone: bool = True) -> Any:
    """Adds a passkey (`alone`) or a security key by the page."""
    options = page_data(client.get(KEYS))["creation_options"]
    data = {"name": name, **posted(key.make(options, resident=alone))}
    return client.post(KEYS, data | ({"passwordless": "on"} if alone else {}))


def see_codes(client: Client) -> list[str]:
    """The recovery codes, which the page shows once."""
    return read(client.get(CODES)).one("textarea", id="recovery_codes").text.split()


def raw_data() -> str:
    """All rows of second factors, as a dump of the database shows them."""
    return json.dumps(list(Authenticator.objects.order_by("id").values_list("data", flat=True)))


@pytest.fixture
def alice(world: World) -> Client:
    return signed_in(world.alice)


@pytest.fixture
def bob(world: World) -> Client:
    return signed_in(world.bob)
