"""The staff pages: only active staff who have a second factor and have shown it; and how one becomes staff."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, reverse

from accounts.models import Action, AuditEvent, User
from accounts.staff import StaffSite
from tests.accounts.mfa.conftest import (
    INDEX,
    LOGIN,
    SECOND,
    add_app,
    add_key,
    code_of,
    first_step,
    page_data,
    signed_in,
    step_now,
)
from tests.accounts.mfa.security_key import SecurityKey, posted
from tests.pages.parsing import read
from tests.world import World, person

ADMIN = "/admin/"


@pytest.fixture
def olga(world: World) -> User:
    user = person("olga")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


def addresses() -> list[str]:
    """Every address of the admin that needs no row."""
    found = []
    for pattern in admin.site.get_urls():
        if isinstance(pattern, URLPattern):
            text = str(pattern.pattern)
            if "<" not in text and "?P" not in text:
                found.append(f"{ADMIN}{text}")
    return found + [f"{ADMIN}{row._meta.app_label}/{row._meta.model_name}/" for row in admin.site._registry]


def gone_through(client: Client, address: str) -> str:
    """Where a request to the admin ends after the gate's redirects within the admin."""
    response = client.get(address)
    while response.status_code == 302 and response.headers["Location"].startswith(ADMIN):
        response = client.get(response.headers["Location"])
    return str(response.headers.get("Location", response.status_code))


def test_there_are_addresses_and_the_site_is_ours(db: None) -> None:
    assert isinstance(admin.site, StaffSite) or type(admin.site._wrapped) is StaffSite
    assert {"/admin/", "/admin/login/", "/admin/password_change/"} <= set(addresses())


def test_strangers_are_sent_to_sign_in_by_our_page(world: World) -> None:
    for address in addresses():
        where = gone_through(Client(), address)
        ours = where.startswith(LOGIN) or where == reverse("account_change_password")
        assert ours or address.endswith(("jsi18n/",)), (address, where)
    assert gone_through(Client(), "/admin/") == "/accounts/login/?next=/admin/"


def test_djangos_own_sign_in_is_no_way_in(olga: User) -> None:
    client = Client()
    for address in ("/admin/login/", "/admin/login/?next=/admin/", "/admin/"):
        answer = client.post(address, {"username": olga.email, "password": "correct horse battery staple"})
        assert answer.status_code == 302
        assert "_auth_user_id" not in client.session
        assert b"id_username" not in client.get(address, follow=True).content


def test_members_are_no_staff(world: World, alice: Client) -> None:
    add_app(alice)
    assert "Framehouse's own staff" in read(alice.get("/admin/login/?next=/admin/"), 403).words
    assert gone_through(alice, ADMIN) == "403"


def test_staff_without_a_second_factor_are_sent_to_add_one(olga: User) -> None:
    client = signed_in(olga)
    assert gone_through(client, ADMIN) == INDEX
    page = read(client.get(INDEX))
    assert "Staff need a second factor. Add one to go on." in page.words
    assert "The staff pages require one." in page.words


def test_a_factor_must_be_shown_in_this_session(olga: User) -> None:
    client = signed_in(olga)
    secret = add_app(client)
    assert gone_through(client, "/admin/accounts/team/") == ("/accounts/2fa/reauthenticate/?next=/admin/accounts/team/")
    answer = client.post(
        "/accounts/2fa/reauthenticate/", {"code": code_of(secret, step_now() + 1), "next": "/admin/accounts/team/"}
    )
    assert answer.headers["Location"] == "/admin/accounts/team/"
    assert client.get("/admin/accounts/team/").status_code == 200


def test_staff_sign_in_by_both_steps_and_are_in(olga: User) -> None:
    secret = add_app(signed_in(olga))
    client = Client()
    first_step(client, olga, next=ADMIN)
    assert gone_through(client, ADMIN).startswith(LOGIN)
    assert client.post(SECOND, {"code": code_of(secret, step_now())}).headers["Location"] == ADMIN
    for address in addresses():
        odd = {"/admin/logout/": 405, "/admin/autocomplete/": 403}  # to be posted; to be asked for a field
        assert client.get(address).status_code in (odd.get(address, 200), 302), address
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/password_change/").headers["Location"] == reverse("account_change_password")


def test_staff_with_only_a_key_prove_it_by_the_key(olga: User) -> None:
    client, key = signed_in(olga), SecurityKey()
    add_key(client, key)
    where = gone_through(client, ADMIN)
    assert where == "/accounts/2fa/webauthn/reauthenticate/?next=/admin/"
    options = page_data(client.get(where))["request_options"]
    answer = client.post("/accounts/2fa/webauthn/reauthenticate/", {**posted(key.sign(options)), "next": ADMIN})
    assert answer.headers["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


def test_whoever_loses_factor_or_rank_is_out_at_the_next_request(olga: User) -> None:
    secret = add_app(signed_in(olga))
    client = Client()
    first_step(client, olga)
    client.post(SECOND, {"code": code_of(secret, step_now())})
    assert client.get(ADMIN).status_code == 200
    User.objects.filter(pk=olga.pk).update(is_staff=False)
    assert gone_through(client, ADMIN) == "403"
    User.objects.filter(pk=olga.pk).update(is_staff=True)
    assert client.get(ADMIN).status_code == 200
    Authenticator.objects.filter(user=olga, type="totp").delete()
    assert gone_through(client, ADMIN) == INDEX
    User.objects.filter(pk=olga.pk).update(is_active=False)
    assert gone_through(client, ADMIN).startswith(LOGIN)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/admin/login/", "javascript:1", ""])
def test_the_gate_sends_nobody_elsewhere(olga: User, elsewhere: str) -> None:
    secret = add_app(signed_in(olga))
    client = Client()
    assert client.get("/admin/login/", {"next": elsewhere}).headers["Location"] == "/accounts/login/?next=/admin/"
    first_step(client, olga)
    client.post(SECOND, {"code": code_of(secret, step_now())})
    assert client.get("/admin/login/", {"next": elsewhere}).headers["Location"] == ADMIN


def made(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("create_staff", "--json", *arguments, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_first_of_staff_is_made_and_gets_in(transactional_db: None) -> None:
    answer = made("--email", "Ops@Example.com", "--superuser")
    user = User.objects.get(email="ops@example.com")
    assert (user.is_staff, user.is_superuser, answer["superuser"]) == (True, True, True)
    client = Client()
    first_step(client, user, password=answer["password"])
    assert gone_through(client, ADMIN) == INDEX
    client.post("/accounts/reauthenticate/", {"password": answer["password"]})
    secret = add_app(client)
    proof = {"code": code_of(secret, step_now() + 1), "next": ADMIN}
    assert client.post("/accounts/2fa/reauthenticate/", proof).headers["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


def test_a_known_person_keeps_the_password_and_it_is_logged_once(committed_world: World) -> None:
    for _ in range(2):
        assert made("--email", "ALICE@example.com")["password"] is None
    committed_world.alice.refresh_from_db()
    assert (committed_world.alice.is_staff, committed_world.alice.is_superuser) == (True, False)
    event = AuditEvent.objects.get(action=Action.STAFF_CHANGED)
    assert (event.actor, event.target) == ("create_staff", f"user:{committed_world.alice.pk}")
    assert event.data["after"] == {"staff": True, "superuser": False}
    assert made("--email", "alice@example.com", "--superuser")["superuser"] is True
    assert made("--email", "alice@example.com")["superuser"] is True


def test_who_is_not_made_staff(committed_world: World) -> None:
    EmailAddress.objects.filter(user=committed_world.bob).update(verified=False)
    User.objects.filter(pk=committed_world.carol.pk).update(is_active=False)
    for email, why in (("bob@example.com", "confirmed"), ("carol@example.com", "switched off"), ("x", "valid email")):
        with pytest.raises(CommandError, match=why):
            made("--email", email)
    assert not User.objects.filter(is_staff=True).exists()
    assert not AuditEvent.objects.filter(action=Action.STAFF_CHANGED).exists()


def test_staff_belong_to_no_team_and_are_made_none(world: World, olga: User) -> None:
    client = Client()
    answer = first_step(client, olga)
    assert answer.headers["Location"] == ADMIN
    assert client.get("/").headers["Location"] == ADMIN
    page = read(client.get("/studio"), 403)
    assert "Staff belong to no team" in page.words
    assert client.get("/settings/profile").status_code == 200
    assert not olga.memberships.exists()


def test_staff_who_are_members_too_go_to_the_studio(world: World) -> None:
    User.objects.filter(pk=world.alice.pk).update(is_staff=True)
    client = Client()
    assert first_step(client, world.alice).headers["Location"] == "/studio"
    assert client.get("/").headers["Location"] == "/studio"
