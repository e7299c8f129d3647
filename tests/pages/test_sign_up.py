"""From a stranger to a member with a team: sign-up, confirmation, sign-in, reset, sign-out."""

from __future__ import annotations

import re
import time

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import Membership, User
from tests.pages.parsing import read
from tests.world import PASSWORD, World

NEW = "dora@example.com"


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    """allauth counts tries in the cache."""
    cache.clear()


def link() -> str:
    """The address in the last message, without the host."""
    found = re.search(re.escape(settings.SITE_URL) + r"(/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def sign_up(client: Client, email: str = NEW) -> str:
    read(client.get("/accounts/signup/"))
    response = client.post("/accounts/signup/", {"email": email, "password1": PASSWORD, "password2": PASSWORD})
    assert response.status_code == 302, response.content
    return str(response.headers["Location"])


def test_signing_up_and_confirming_gives_a_team(client: Client, db: None) -> None:
    page = read(client.get(sign_up(client)))
    assert "Look into your mail" in page.words
    assert not Membership.objects.exists()
    assert client.get("/studio").headers["Location"].startswith("/accounts/login/")
    assert mail.outbox[-1].subject == "[Framehouse] Confirm your e-mail address"
    address = link()
    time.sleep(1.1)  # a link signed anew would be another one by now
    page = read(client.get(address))
    form = page.one("form", action=address)
    client.post(form.attrs["action"])
    membership = Membership.objects.get()
    assert (membership.user.email, membership.role, membership.team.name) == (NEW, "owner", "dora's team")
    response = client.post("/accounts/login/", {"login": NEW, "password": PASSWORD})
    assert response.headers["Location"] == "/studio"
    page = read(client.get("/studio"))
    assert "dora's team" in page.words
    assert "0 credits" in page.words


def test_a_link_that_is_wrong_says_so(client: Client, db: None) -> None:
    page = read(client.get("/accounts/confirm-email/nonsense/"))
    assert "expired or is invalid" in page.words


def test_an_address_that_is_known_is_not_given_away(client: Client, world: World) -> None:
    where = sign_up(client, world.alice.email)
    read(client.get(where))
    assert User.objects.filter(email=world.alice.email).count() == 1
    assert "already exists" in mail.outbox[-1].body


def test_faults_of_the_form_stand_beside_the_fields(client: Client, db: None) -> None:
    page = read(client.post("/accounts/signup/", {"email": "x", "password1": "short", "password2": "other"}))
    assert page.one("input", name="email").attrs["value"] == "x"
    assert len(page.all("p", klass="error-text")) >= 2
    assert page.unlabelled() == []


def test_signing_in_leads_back_to_where_one_was_going(client: Client, world: World) -> None:
    where = client.get("/history?status=open").headers["Location"]
    page = read(client.get(where))
    assert page.unlabelled() == []
    form = {"login": world.alice.email, "password": "wrong"} | {
        e.attrs["name"]: e.attrs["value"] for e in page.all("input", type="hidden") if e.attrs["name"] == "next"
    }
    page = read(client.post("/accounts/login/", form))
    assert "not correct" in page.one("div", role="alert").text
    response = client.post("/accounts/login/", {**form, "password": PASSWORD})
    assert response.headers["Location"] == "/history?status=open"


def test_a_forgotten_password_is_set_anew(client: Client, world: World) -> None:
    read(client.get("/accounts/password/reset/"))
    read(client.get(client.post("/accounts/password/reset/", {"email": world.alice.email}).headers["Location"]))
    entry = client.get(link()).headers["Location"]
    page = read(client.get(entry))
    assert page.unlabelled() == []
    form = {"password1": "a new correct horse", "password2": "a new correct horse"}
    read(client.get(client.post(entry, form).headers["Location"]))
    response = client.post("/accounts/login/", {"login": world.alice.email, "password": "a new correct horse"})
    assert response.headers["Location"] == "/studio"


def test_signing_out_by_the_button_of_every_page(alice: Client) -> None:
    form = read(alice.get("/studio")).one("form", action="/accounts/logout/")
    assert form.attrs["method"] == "post"
    assert alice.post(form.attrs["action"]).headers["Location"] == "/"
    assert alice.get("/studio").status_code == 302


def test_the_account_s_own_pages_are_whole(alice: Client) -> None:
    for path in ("/settings/profile", "/settings/sessions", "/accounts/password/change/", "/accounts/logout/"):
        assert read(alice.get(path)).unlabelled() == []
    bad = {"oldpassword": "x", "password1": "y", "password2": "z"}
    assert "aria-invalid" in read(alice.post("/accounts/password/change/", bad)).html
