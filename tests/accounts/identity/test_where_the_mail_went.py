"""After a form that sends a mail the page says where it went, and what to do when none comes."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.accounts.identity.conftest import RESET, SIGN_UP
from tests.pages.parsing import Page, read
from tests.world import PASSWORD, World


def after(client: Client, path: str, form: dict[str, str]) -> Page:
    return read(client.post(path, form, follow=True))


@pytest.mark.parametrize("address", ["alice@example.com", "new@example.com"])
def test_a_sign_up(client: Client, world: World, address: str) -> None:
    page = after(client, SIGN_UP, {"email": address, "password1": PASSWORD, "password2": PASSWORD})
    assert f"a link to {address}." in page.words
    assert page.all("a", href="/accounts/login/")
    assert page.all("a", href=SIGN_UP)


@pytest.mark.parametrize("address", ["alice@example.com", "nobody@example.com"])
def test_a_reset(client: Client, world: World, address: str) -> None:
    page = after(client, RESET, {"email": address})
    assert f"a message to {address}." in page.words
    assert page.all("a", href=RESET)


def test_another_browser_is_not_told(client: Client, world: World) -> None:
    after(client, RESET, {"email": "alice@example.com"})
    assert "alice" not in read(Client().get("/accounts/password/reset/done/")).words


@pytest.mark.parametrize("path", ["/accounts/login/", SIGN_UP, RESET])
def test_an_address_has_one_name_and_labels_are_said_once(client: Client, world: World, path: str) -> None:
    page = read(client.get(path))
    assert "E-mail address" in page.texts("label")
    assert not [field for field in page.all("input") if "placeholder" in field.attrs]


def test_what_a_password_must_be_is_said_before_it_is_wrong(client: Client, world: World) -> None:
    assert "At least 10 characters" in read(client.get(SIGN_UP)).words
