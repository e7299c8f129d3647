"""Staff look at endpoints and deliveries: the host alone, no secret, no body, nothing to change."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User, WebhookSecret
from accounts.webhooks import secrets
from tests.accounts.audit.conftest import staff, staff_user  # noqa: F401  (fixtures)
from tests.world import World

ENDPOINTS, DELIVERIES = "/admin/accounts/webhookendpoint/", "/admin/accounts/delivery/"


@pytest.fixture
def looks(staff_user: User) -> User:  # noqa: F811
    """May look at endpoints and at nothing else."""
    User.objects.filter(pk=staff_user.pk).update(is_superuser=False)
    staff_user.user_permissions.set(Permission.objects.filter(codename="view_webhookendpoint"))
    return staff_user


def test_neither_secret_nor_path_nor_body_is_shown(
    world: World,
    staff: Client,  # noqa: F811
    endpoint_of: Any,
    told: Any,
) -> None:
    row = endpoint_of("https://hooks.example.com/of-our-own?token=abc")
    (delivery,) = told(row, response_body="said by the receiver")
    (secret,) = secrets.valid(row)
    pages = [ENDPOINTS, f"{ENDPOINTS}{row.pk}/change/", DELIVERIES, f"{DELIVERIES}{delivery.pk}/change/"]
    for address in pages:
        text = staff.get(address).content.decode()
        assert row.public_id in text, address
        for hidden in (secret, "of-our-own", "token=abc", "said by the receiver", "credits"):
            assert hidden not in text, (address, hidden)
    assert "hooks.example.com" in staff.get(ENDPOINTS).content.decode()
    sealed = WebhookSecret.objects.get(endpoint=row)
    assert staff.get(f"/admin/accounts/webhooksecret/{sealed.pk}/change/").status_code == 404


@pytest.mark.parametrize("place", [ENDPOINTS, DELIVERIES])
def test_nothing_is_changed_there(
    world: World,
    staff: Client,  # noqa: F811
    endpoint_of: Any,
    told: Any,
    place: str,
) -> None:
    row = endpoint_of()
    (delivery,) = told(row)
    pk = row.pk if place == ENDPOINTS else delivery.pk
    for end in ("add/", f"{pk}/change/", f"{pk}/delete/"):
        assert staff.post(f"{place}{end}", {"status": "disabled"}).status_code == 403
    row.refresh_from_db()
    assert row.status == "enabled"


def test_what_is_searched_for_is_found_by_whole_ids(
    world: World,
    staff: Client,  # noqa: F811
    endpoint_of: Any,
    told: Any,
) -> None:
    row, other = endpoint_of(), endpoint_of(team=world.other_team)
    (mine,), (foreign,) = told(row), told(other)
    for word in (row.public_id, world.team.public_id):
        text = staff.get(ENDPOINTS, {"q": word}).content.decode()
        assert row.public_id in text
        assert other.public_id not in text
    for word in (mine.public_id, mine.event.public_id, row.public_id, world.team.public_id):
        text = staff.get(DELIVERIES, {"q": word}).content.decode()
        assert mine.public_id in text
        assert foreign.public_id not in text
    for place in (ENDPOINTS, DELIVERIES):
        assert "dlv_0" not in staff.get(place, {"q": "' or 1=1 --"}).content.decode()


def test_each_list_needs_its_permission(world: World, looks: User, staff: Client) -> None:  # noqa: F811
    assert staff.get(ENDPOINTS).status_code == 200
    assert staff.get(DELIVERIES).status_code == 403
