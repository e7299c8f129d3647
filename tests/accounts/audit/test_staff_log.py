"""Whatever staff change in the administration is an event with the fields before and after; nothing goes past it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client, RequestFactory

from accounts import audit
from accounts.models import Action, AddressChange, AuditEvent, Invitation, Team, User
from accounts.staff_log import Audited, _plain
from generations.models import Listing
from project import db
from tests.accounts.audit.conftest import browser_of
from tests.pages.parsing import Page
from tests.world import World

Happen = Callable[..., AuditEvent]


def changes() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=Action.STAFF_CHANGED).order_by("pk"))


def test_nothing_in_the_administration_changes_rows_past_the_log(staff_user: User) -> None:
    request = request_of(staff_user)  # a superuser: whatever a page allows, it allows them
    strangers = [
        f"{model._meta.label}: {type(page).__name__}"
        for model, page in admin.site._registry.items()
        if not isinstance(page, Audited)
        and any(
            may(request) for may in (page.has_add_permission, page.has_change_permission, page.has_delete_permission)
        )
    ]
    assert strangers == [], "use accounts.staff_log.Audited or ReadOnly, or take it out (accounts/admin.py)"


def test_a_form_is_told_with_what_changed(world: World, staff: Client, staff_user: User) -> None:
    listing = Listing.objects.get(slug="veo-3.1-fast")
    path = f"/admin/generations/listing/{listing.pk}/change/"
    response = staff.post(path, {"note": "Back at noon", "_save": "1"}, headers={"X-Request-Id": "staff-request"})
    assert response.status_code == 302, response.content
    (event,) = changes()
    assert (event.team, event.actor, event.actor_name) == (None, f"staff:{staff_user.pk}", "sam@example.com")
    assert event.target == f"generations.listing:{listing.pk}"
    assert event.data == {
        "did": "changed",
        "before": {"available": True, "note": ""},
        "after": {"available": False, "note": "Back at noon"},
    }
    assert (event.ip, event.request_id) == ("127.0.0.1", "staff-request")
    assert LogEntry.objects.count() == 1


def test_the_list_that_can_be_edited_is_told_row_by_row(world: World, staff: Client) -> None:
    path = "/admin/generations/listing/"
    page = Page(staff.get(path).content.decode())
    data = {
        e.attrs["name"]: e.attrs.get("value", "on" if e.attrs.get("type") == "checkbox" else "")
        for e in page.all("input")
        if e.attrs.get("name", "").startswith("form-") and (e.attrs.get("type") != "checkbox" or "checked" in e.attrs)
    }
    first, second = data["form-0-slug"], data["form-1-slug"]
    data["form-0-note"] = "slow today"
    del data["form-1-available"]
    assert staff.post(path, {**data, "_save": "Save"}).status_code == 302
    told = {event.target: event.data for event in changes()}
    assert told == {
        f"generations.listing:{first}": {"did": "changed", "before": {"note": ""}, "after": {"note": "slow today"}},
        f"generations.listing:{second}": {
            "did": "changed",
            "before": {"available": True},
            "after": {"available": False},
        },
    }


def test_a_form_that_changes_nothing_is_no_event(world: World, staff: Client) -> None:
    listing = Listing.objects.get(slug="veo-3.1-fast")
    path = f"/admin/generations/listing/{listing.pk}/change/"
    assert staff.post(path, {"available": "on", "note": "", "_save": "1"}).status_code == 302
    assert changes() == []


def test_the_event_and_the_change_stand_or_fall_together(
    world: World, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the log is out of order")

    monkeypatch.setattr(audit, "record", broken)
    listing = Listing.objects.get(slug="veo-3.1-fast")
    staff.raise_request_exception = False
    response = staff.post(f"/admin/generations/listing/{listing.pk}/change/", {"note": "unseen", "_save": "1"})
    assert response.status_code == 500
    listing.refresh_from_db()
    assert listing.note == ""


def the_page(model: Any) -> Audited:
    return type("Some", (Audited,), {})(model, admin.site)


def request_of(user: User) -> Any:
    request = RequestFactory().post("/admin/")
    request.user = user
    return request


def test_an_addition_and_a_deletion_are_told_too(world: World, staff_user: User) -> None:
    """No page of ours adds or deletes today; the base knows how."""
    request, page = request_of(staff_user), the_page(AddressChange)
    row = AddressChange(
        user=world.bob,
        old_email="bob@example.com",
        new_email="rob@example.com",
        expires_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    form = SimpleNamespace(
        changed_data=["user", "new_email"], cleaned_data={"user": world.bob, "new_email": "rob@example.com"}
    )
    page.save_model(request, row, form, False)
    page.log_deletions(request, AddressChange.objects.filter(pk=row.pk))
    added, deleted = changes()
    assert added.data == {"did": "added", "after": {"user": world.bob.pk, "new_email": "rob@example.com"}}
    assert deleted.data["did"] == "deleted"
    assert deleted.data["before"]["new_email"] == "rob@example.com"
    assert deleted.data["before"]["expires_at"] == "2026-01-01T00:00:00+00:00"
    assert "delete_selected" not in page.get_actions(request)


def test_an_object_of_a_team_stands_in_that_teams_log(world: World, staff_user: User) -> None:
    member = world.team.memberships.get(user=world.bob)
    row = Invitation(team=world.team, email="x@example.com", role="viewer", invited_by=member, expires_at=db.now())
    form = SimpleNamespace(changed_data=["email"], cleaned_data={"email": "x@example.com"})
    the_page(Invitation).save_model(request_of(staff_user), row, form, False)
    (event,) = changes()
    assert event.team == world.team


def test_secrets_are_never_told() -> None:
    assert _plain("password", "hunter2") == "hidden"
    assert _plain("data", {"secret": "ABC", "note": "x"}) == {"secret": "hidden", "note": "x"}
    assert _plain("day", date(2026, 1, 31)) == "2026-01-31"
    assert _plain("digest", b"\0") == "hidden"
    assert _plain("x", b"\0") == "b'\\x00'"


def test_rows_of_inline_forms_cannot_slip_through() -> None:
    class Inline(admin.TabularInline):
        model = AddressChange

    with pytest.raises(TypeError, match="has inlines"):
        type("Some", (Audited,), {"inlines": (Inline,)})


# --- staff read the whole log


def rows(response: Any) -> list[str]:
    """The targets that a list of the administration shows."""
    assert response.status_code == 200, response.content
    return Page(response.content.decode()).texts("td", klass="field-target_name")


def test_staff_read_every_teams_log_and_cannot_write_it(world: World, staff: Client, happen: Happen) -> None:
    event = happen(target_name="mine")
    happen(target_name="theirs", team=world.other_team)
    audit.record(Action.STAFF_CHANGED, by="system", team=None, target_name="of nobody")
    shown = rows(staff.get("/admin/accounts/auditevent/"))
    assert shown[:3] == ["of nobody", "theirs", "mine"]
    assert staff.get("/admin/accounts/auditevent/add/").status_code == 403
    path = f"/admin/accounts/auditevent/{event.pk}"
    assert staff.get(f"{path}/change/").status_code == 200
    assert staff.post(f"{path}/change/", {"actor": "x"}).status_code == 403
    assert staff.post(f"{path}/delete/", {"post": "yes"}).status_code == 403


def test_staff_find_by_team_actor_address_request_and_action(world: World, staff: Client, happen: Happen) -> None:
    AuditEvent.objects.create(
        team=world.other_team,
        action=Action.INVITED,
        actor="user:424242",
        actor_name="eve@example.com",
        target_name="found",
        ip="2001:db8::7",
        request_id="the-request-id",
    )
    happen(target_name="other")
    for word in ("user:424242", "eve@example.com", "2001:DB8::7", "the-request-id", "found"):
        assert rows(staff.get("/admin/accounts/auditevent/", {"q": word})) == ["found"], word
    both = {"q": f"{world.other_team.public_id} eve@example.com"}
    assert rows(staff.get("/admin/accounts/auditevent/", both)) == ["found"]
    assert rows(staff.get("/admin/accounts/auditevent/", {"q": "=cmd' %00 nobody"})) == []
    assert "found" in rows(staff.get("/admin/accounts/auditevent/", {"action__exact": "invitation.sent"}))
    assert rows(staff.get("/admin/accounts/auditevent/", {"action__exact": "user.signed_up"})) == []


def test_names_are_text_in_the_administration_too(world: World, staff: Client, happen: Happen) -> None:
    happen(target_name="<script>alert(1)</script>", data={"x": "<script>alert(2)</script>"})
    html = staff.get("/admin/accounts/auditevent/").content.decode()
    assert "<script>alert" not in html


# --- standing


def turn(client: Client, word: str, *teams: Team, confirmed: bool = True) -> Any:
    data: dict[str, Any] = {"action": word, "_selected_action": [team.pk for team in teams]}
    return client.post("/admin/accounts/team/", data | ({"confirmed": "yes"} if confirmed else {}), follow=True)


def test_staff_suspend_and_reinstate_a_team_after_a_question(world: World, staff: Client, staff_user: User) -> None:
    page = Page(turn(staff, "suspend", world.team, confirmed=False).content.decode())
    assert "A suspended team can start nothing new." in page.words
    assert "Studio" in page.words
    world.team.refresh_from_db()
    assert world.team.status == "active"
    for word, status, action in (
        ("suspend", "suspended", Action.TEAM_SUSPENDED),
        ("reinstate", "active", Action.TEAM_REINSTATED),
    ):
        answer = turn(staff, word, world.team)
        assert f"Studio is {status}." in answer.content.decode()
        world.team.refresh_from_db()
        assert world.team.status == status
        event = AuditEvent.objects.get(team=world.team, action=action)
        assert event.actor == f"staff:{staff_user.pk}"
        assert event.data["after"] == status
        turn(staff, word, world.team)
        assert AuditEvent.objects.filter(action=action).count() == 1


def test_staff_without_the_permission_cannot(world: World, staff: Client, staff_user: User) -> None:
    from django.contrib.auth.models import Permission

    User.objects.filter(pk=staff_user.pk).update(is_superuser=False)
    staff_user.user_permissions.add(Permission.objects.get(codename="view_team"))
    page = Page(staff.get("/admin/accounts/team/").content.decode())
    assert page.texts("td", klass="field-status") == ["Active", "Active"]
    assert page.all("option", value="suspend") == []
    turn(staff, "suspend", world.team)
    world.team.refresh_from_db()
    assert world.team.status == "active"
    staff_user.user_permissions.add(Permission.objects.get(codename="suspend_teams"))
    turn(staff, "suspend", world.team)
    world.team.refresh_from_db()
    assert world.team.status == "suspended"
    assert staff.post(f"/admin/accounts/team/{world.team.pk}/change/", {"name": "x"}).status_code == 403


def test_a_team_that_is_closing_is_left_alone_and_staff_are_told(world: World, staff: Client) -> None:
    Team.objects.filter(pk=world.team.pk).update(status="closing")
    answer = turn(staff, "suspend", world.team, world.other_team).content.decode()
    assert "Studio is closing: only a team that is active can become suspended." in answer
    assert "Elsewhere is suspended." in answer


def test_a_search_by_public_id_finds_the_team_and_its_log(world: World, staff: Client) -> None:
    page = Page(staff.get("/admin/accounts/team/", {"q": world.team.public_id}).content.decode())
    assert page.texts("td", klass="field-public_id") == [world.team.public_id]
    link = next(e for e in page.all("a") if e.text == "its log")
    assert set(rows(staff.get(link.attrs["href"]))) <= {"Studio", "test key"}


def test_members_are_not_let_in(world: World) -> None:
    answer = browser_of(world.alice, method="mfa").get("/admin/accounts/auditevent/", follow=True)
    assert answer.status_code == 403
