"""Before every desk: sign-in, a second factor, and the duty."""

from __future__ import annotations

import pytest
from django.contrib import admin

from generations.models import StaffAct
from generations.staff.desk import DESKS
from tests.oversight.conftest import Desk


def test_every_desk_hangs_on_an_act_that_exists() -> None:
    acts = {name for name, _ in StaffAct._meta.permissions}
    assert {desk.permission for desk in DESKS} <= acts


@pytest.mark.parametrize("model", ["schedule", "ormq", "success", "failure"])
def test_the_queue_has_no_page_of_its_own(desk: Desk, model: str) -> None:
    """Whoever may add a schedule names any function to run (invariants.md, ground rule 11): not even superusers."""
    root = desk(superuser=True)
    for path in ("", "add/", "1/change/"):
        assert root.get(f"/admin/django_q/{model}/{path}").status_code == 404, path
    assert all(row.__module__ != "django_q.models" for row in admin.site._registry)


def test_the_first_page_leads_to_the_desks_of_ones_duties(desk: Desk) -> None:
    page = desk("see_prices", "see_alerts").get("/admin/").content.decode()
    assert '<a href="/admin/prices">Prices</a>' in page
    assert "/admin/costs" not in page
