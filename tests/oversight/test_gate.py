"""Before every desk: sign-in, a second factor, and the duty."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from django.contrib import admin
from django.test import Client

from generations.models import StaffAct
from generations.staff import urls
from generations.staff.desk import DESKS, EXPORT
from tests.oversight.conftest import Desk
from tests.tenancy.addresses import filled
from tests.tenancy.desks import DESKS as RULES
from tests.tenancy.scene import nobodys

ALL_ACTS = frozenset(name for name, _ in StaffAct._meta.permissions)
FILES = (".csv", ".pdf")
OF_ITS_NAME = {"staff_act": ("freeze_wallets",)}  # the act that the last part of the address names


def test_every_desk_hangs_on_an_act_that_exists() -> None:
    assert {desk.permission for desk in DESKS} <= ALL_ACTS


def test_each_address_asks_for_its_acts_and_no_others(desk: Desk) -> None:
    """Every act but one of its own is not enough; its own are, whatever else the page then says. A file needs the act
    that shows what is in it, and the one of files."""
    staff: Callable[..., Client] = cache(lambda acts, superuser=False: desk(*acts, superuser=superuser))
    faults = []
    for pattern in urls.urlpatterns:
        route, asked = str(pattern.pattern), vars(pattern.callback)
        acts = frozenset((*asked["acts"], *OF_ITS_NAME.get(str(pattern.name), ())))
        rule = RULES[route]
        ids = {name: nobodys(thing) for name, thing in rule.ids.items()}
        path = f"/admin{filled(route, {**rule.given, **ids})}"
        if asked["superusers"]:
            refused = {"": staff(ALL_ACTS).get(path).status_code}
        else:
            refused = {act: staff(ALL_ACTS - {act}).get(path).status_code for act in acts}
            if route.endswith(FILES) and not (EXPORT in acts and any(act.startswith("see_") for act in acts)):
                faults.append(f"{route} is a file for {sorted(acts)}")
        let_in = staff(acts, asked["superusers"]).get(path).status_code
        if not refused or set(refused.values()) != {403}:
            faults.append(f"{route}: {refused}")
        if let_in not in (200, 404, 405, 422):
            faults.append(f"{route}: {let_in} with {sorted(acts)}")
    assert faults == []


def test_a_page_leads_to_files_only_whoever_may_have_them(desk: Desk) -> None:
    """Of all pages that need no row."""
    pages = [str(pattern.pattern) for pattern in urls.urlpatterns if "<" not in str(pattern.pattern)]
    sees = [act for act in sorted(ALL_ACTS) if act.startswith("see_")]
    without, full = desk(*sees), desk(*sees, EXPORT)
    seen = 0
    for route in pages:
        if not route.endswith(FILES):
            answer, more = (client.get(f"/admin/{route}") for client in (without, full))
            if answer.status_code == 200:
                assert b".csv" not in answer.content, route
                assert b".pdf" not in answer.content, route
                seen += b".csv" in more.content
    assert seen > 10


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
