"""Who may do what: given and taken by superusers alone, at once, never one's own, never the last superuser's."""

from __future__ import annotations

import io
import re

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command

from accounts import duties
from accounts.audit import Staff
from accounts.models import AuditEvent, User
from generations.models import StaffAct
from project.errors import Conflict, Forbidden, Invalid
from tests.accounts.audit.conftest import browser_of
from tests.oversight.conftest import Desk, staff_of


@pytest.fixture
def root(db: None) -> Staff:
    return Staff(staff_of("root", superuser=True))


def fresh(user: User) -> User:
    """Without the permissions that Django keeps on the object."""
    return User.objects.get(pk=user.pk)


def test_every_act_stands_in_a_bundle() -> None:
    listed = {act for bundle in duties.bundles() for act in bundle.acts}
    assert listed == {name for name, _ in StaffAct._meta.permissions}


def test_duties_are_set_and_hold_at_once(root: Staff, desk: Desk) -> None:
    sue = staff_of("sue", "see_costs")
    client = browser_of(sue, method="mfa")
    assert client.get("/admin/teams").status_code == 403
    boss = browser_of(root.user, method="mfa")
    page = boss.get(f"/admin/duties/{sue.pk}", {"bundle": "support"}).content.decode()
    assert len(re.findall(r'name="acts"[^>]*checked', page)) == 7  # six of the bundle, one held
    typed = {"acts": ["see_teams", "grant_credit"], "staff": "on", "reason": "helps with support"}
    assert boss.post(f"/admin/duties/{sue.pk}", typed).status_code == 302
    assert client.get("/admin/teams").status_code == 200
    event = AuditEvent.objects.get(action="staff.duties_changed")
    assert (event.actor, event.target) == (f"staff:{root.user.pk}", f"user:{sue.pk}")
    assert (event.data["added"], event.data["removed"]) == (["grant_credit", "see_teams"], ["see_costs"])
    assert event.data["reason"] == "helps with support"
    assert boss.post(f"/admin/duties/{sue.pk}", {**typed, "reason": ""}).status_code == 422
    assert "sue@example.com" in boss.get("/admin/duties").content.decode()
    file = b"".join(boss.get("/admin/duties.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert '"sue@example.com","no","see_teams"' in file
    assert boss.post(f"/admin/duties/{sue.pk}", {"acts": [], "reason": "left"}).status_code == 302
    assert not fresh(sue).is_staff
    assert client.get("/admin/teams").status_code == 302  # to the gate
    assert boss.get(f"/admin/duties/{sue.pk}").status_code == 404


def test_nobody_else_sees_or_sets_them(root: Staff, desk: Desk) -> None:
    sue = staff_of("sue")
    everything = desk(*(name for name, _ in StaffAct._meta.permissions))
    for address in ("/admin/duties", "/admin/duties.csv", f"/admin/duties/{sue.pk}"):
        assert everything.get(address).status_code == 403
    typed = {"acts": ["see_teams"], "staff": "on", "superuser": "on", "reason": "x"}
    assert everything.post(f"/admin/duties/{sue.pk}", typed).status_code == 403
    assert not duties.of_person(sue)
    assert not AuditEvent.objects.filter(action="staff.duties_changed").exists()


def test_never_ones_own_and_the_last_superuser_stays(root: Staff) -> None:
    def change(user: User, by: Staff, *, superuser: bool = False, wanted: tuple[str, ...] = ()) -> None:
        duties.change(user=user, wanted=wanted, superuser=superuser, staff=True, by=by, reason="x")

    with pytest.raises(Forbidden, match="own duties"):
        change(root.user, root, superuser=True, wanted=("see_costs",))
    second = Staff(staff_of("second", superuser=True))
    change(second.user, root)
    with pytest.raises(Forbidden):
        change(root.user, second)
    with pytest.raises(Invalid):
        change(second.user, root, wanted=("add_user",))
    outsider = fresh(second.user)
    User.objects.filter(pk=outsider.pk).update(is_staff=False)
    with pytest.raises(Conflict):
        change(outsider, root, wanted=("see_costs",))
    assert fresh(root.user).is_superuser


def test_staff_are_made_with_a_bundle(db: None) -> None:
    out = io.StringIO()
    call_command("create_staff", email="fin@example.com", duty=["finance", "watch"], stdout=out)
    fin = User.objects.get(email="fin@example.com")
    assert duties.of_person(fin) == {*duties.of_bundle("finance"), *duties.of_bundle("watch")}
    assert fin.has_perm("generations.approve_adjustments")
    assert not fin.has_perm("generations.publish_prices")
    assert AuditEvent.objects.get(action="staff.duties_changed").actor == "create_staff"
    with pytest.raises(CommandError, match="no bundle"):
        call_command("create_staff", email="fin@example.com", duty=["nothing"], stdout=out)
    assert Permission.objects.filter(user=fin).count() == len(duties.of_person(fin))
