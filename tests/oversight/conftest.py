"""The operator's people before their desks, and generations that have ended."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from tests.accounts.audit.conftest import browser_of
from tests.pages.conftest import make as make  # noqa: PLC0414 - a fixture of the pages
from tests.world import person

Desk = Callable[..., Client]


def staff_of(name: str, *acts: str, superuser: bool = False) -> User:
    """One of the operator's people with a second factor, who may do `acts` (codenames of StaffAct)."""
    user = person(name)
    user.is_staff, user.is_superuser = True, superuser
    user.save()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "none"})
    found = Permission.objects.filter(content_type__app_label="generations", codename__in=acts)
    assert {row.codename for row in found} == set(acts)
    user.user_permissions.set(found)
    return user


@pytest.fixture
def desk(db: None) -> Desk:
    """desk("see_costs", "export_costs"): the browser of somebody of the staff who may do these acts and no others;
    desk(): one who may do nothing; desk(superuser=True): everything."""
    made = 0

    def enter(*acts: str, superuser: bool = False) -> Client:
        nonlocal made
        made += 1
        return browser_of(staff_of(f"staff{made}", *acts, superuser=superuser), method="mfa")

    return enter
