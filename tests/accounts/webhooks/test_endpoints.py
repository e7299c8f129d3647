"""Endpoints are added, changed, turned off and on and deleted by who manages the team, and each act is on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.models import (
    AuditEvent,
    Delivery,
    DisabledReason,
    EventType,
    Membership,
    Role,
    WebhookEndpoint,
    WebhookSecret,
)
from accounts.webhooks import endpoints, events, secrets
from project.errors import Conflict, Forbidden, Invalid, NotFound
from tests.accounts.webhooks.receiver import Receiver
from tests.world import World


def acts(world: World) -> list[str]:
    rows = AuditEvent.objects.filter(team=world.team, action__startswith="webhook.").order_by("id")
    return [row.action for row in rows]


def paths(caught: Any) -> list[tuple[str, str]]:
    return [(error.path, error.code) for error in caught.value.errors]


def tell(world: World, kind: EventType = EventType.WALLET_LOW) -> list[Delivery]:
    with transaction.atomic():
        event = events.publish(team=world.team, type=kind, subject=world.team.public_id, payload={"a": 1})
    return list(Delivery.objects.filter(event=event).order_by("id")) if event else []


def test_a_whole_life_is_on_record(world: World, receiver: Receiver) -> None:
    alice = world.actor(world.alice)
    row, secret = endpoints.add(by=alice, url=receiver.url(), events=["wallet.low"], description=" Our  books ")
    assert (row.events, row.description, row.status) == (["wallet.low"], "Our books", "enabled")
    assert secret.startswith("whsec_")
    assert secrets.valid(row) == [secret]
    row = endpoints.change(by=alice, endpoint=row, events=["payment.paid", "wallet.low", "payment.paid"])
    assert row.events == ["wallet.low", "payment.paid"]
    endpoints.change(by=alice, endpoint=row, events=["wallet.low", "payment.paid"])  # as it is: no act
    row = endpoints.disable(by=alice, endpoint=row)
    assert (row.status, row.disabled_reason) == ("disabled", DisabledReason.BY_MEMBER)
    row = endpoints.enable(by=alice, endpoint=row)
    assert (row.status, row.disabled_reason) == ("enabled", "")
    endpoints.delete(by=alice, endpoint=row)
    assert acts(world) == [
        "webhook.endpoint_added",
        "webhook.endpoint_changed",
        "webhook.endpoint_disabled",
        "webhook.endpoint_changed",
        "webhook.endpoint_deleted",
    ]
    assert secrets.valid(row) == []
    for act in (endpoints.enable, endpoints.disable, endpoints.delete, endpoints.change):
        with pytest.raises(NotFound):
            act(by=alice, endpoint=row)


def test_the_log_holds_neither_secret_nor_path(world: World, receiver: Receiver) -> None:
    row, secret = endpoints.add(by=world.actor(world.alice), url=receiver.url("/hook/of-our-own?token=abc"))
    endpoints.change(by=world.actor(world.alice), endpoint=row, url=receiver.url("/hook/of-another"))
    for event in AuditEvent.objects.filter(team=world.team):
        told = f"{event.target_name} {event.data}"
        assert "of-our-own" not in told
        assert "of-another" not in told
        assert secret not in told


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"url": "http://93.184.216.34/hook"}, [("url", "address_refused")]),
        ({"url": "https://169.254.169.254/hook"}, [("url", "address_refused")]),
        ({"url": "https://[::ffff:10.0.0.1]/hook"}, [("url", "address_refused")]),
        ({"url": "https://user:pass@93.184.216.34/"}, [("url", "address_refused")]),
        ({"url": "https://93.184.216.34:8443/"}, [("url", "address_refused")]),
        ({"url": "https://2130706433/"}, [("url", "address_refused")]),
        ({"url": ""}, [("url", "address_refused")]),
        ({"url": "https://93.184.216.34/" + "a" * 2048}, [("url", "not_allowed")]),
        ({"events": ["wallet.low", "webhook.test"]}, [("events.1", "not_allowed")]),
        (
            {"events": ["wallet.high"], "description": "a\x00b"},
            [("description", "not_allowed"), ("events.0", "not_allowed")],
        ),
        ({"description": "x" * 201}, [("description", "not_allowed")]),
    ],
)
def test_what_cannot_be_kept_is_told_by_field(
    fields: dict[str, Any], wanted: list[tuple[str, str]], world: World, receiver: Receiver
) -> None:
    with pytest.raises(Invalid) as caught:
        endpoints.add(by=world.actor(world.alice), **{"url": receiver.url(), **fields})
    assert paths(caught) == wanted
    row, _ = endpoints.add(by=world.actor(world.alice), url=receiver.url())
    with pytest.raises(Invalid) as caught:
        endpoints.change(by=world.actor(world.alice), endpoint=row, **fields)
    assert paths(caught) == wanted


def test_an_address_stands_once_in_a_team(world: World, receiver: Receiver) -> None:
    alice = world.actor(world.alice)
    first, _ = endpoints.add(by=alice, url=receiver.url("/a"))
    other, _ = endpoints.add(by=alice, url=receiver.url("/b"))
    for act in (
        lambda: endpoints.add(by=alice, url=receiver.url("/a")),
        lambda: endpoints.change(by=alice, endpoint=other, url=receiver.url("/a")),
    ):
        with pytest.raises(Invalid) as caught:
            act()
        assert paths(caught) == [("url", "taken")]
    endpoints.delete(by=alice, endpoint=first)
    assert endpoints.change(by=alice, endpoint=other, url=receiver.url("/a")).url == receiver.url("/a")


def test_a_team_has_twenty_at_most(world: World, receiver: Receiver) -> None:
    alice = world.actor(world.alice)
    rows = [endpoints.add(by=alice, url=receiver.url(f"/{number}"))[0] for number in range(endpoints.MOST)]
    with pytest.raises(Conflict) as caught:
        endpoints.add(by=alice, url=receiver.url("/more"))
    assert caught.value.code == "too_many_endpoints"
    endpoints.delete(by=alice, endpoint=rows[0])
    endpoints.add(by=alice, url=receiver.url("/more"))


def test_who_may_not_manage_now_changes_nothing(world: World, receiver: Receiver) -> None:
    """The actor was built while they were an admin."""
    Membership.objects.filter(team=world.team, user=world.bob).update(role=Role.ADMIN)
    bob = world.actor(world.bob)
    row, _ = endpoints.add(by=bob, url=receiver.url())
    Membership.objects.filter(team=world.team, user=world.bob).update(role=Role.MEMBER)
    acts_of_bob = (
        lambda: endpoints.add(by=bob, url=receiver.url("/new")),
        lambda: endpoints.change(by=bob, endpoint=row, description="new"),
        lambda: endpoints.disable(by=bob, endpoint=row),
        lambda: endpoints.enable(by=bob, endpoint=row),
        lambda: endpoints.delete(by=bob, endpoint=row),
        lambda: secrets.rotate(by=bob, endpoint=row),
        lambda: secrets.team_rotate(by=bob),
    )
    for act in acts_of_bob:
        with pytest.raises(Forbidden):
            act()
    assert acts(world) == ["webhook.endpoint_added"]
    assert WebhookSecret.objects.filter(team=world.team).count() == 1


def test_another_teams_endpoint_is_not_there(world: World, receiver: Receiver) -> None:
    row, _ = endpoints.add(by=world.actor(world.alice), url=receiver.url())
    membership = Membership.objects.select_related("user").get(team=world.other_team, user=world.mallory)
    mallory = type(world.actor(world.alice))(
        team=world.other_team, permissions=world.actor(world.alice).permissions, membership=membership
    )
    for act in (endpoints.enable, endpoints.disable, endpoints.delete, endpoints.change, secrets.rotate):
        with pytest.raises(NotFound):
            act(by=mallory, endpoint=row)


def test_what_waits_follows_and_is_canceled(world: World, receiver: Receiver) -> None:
    alice = world.actor(world.alice)
    row, _ = endpoints.add(by=alice, url=receiver.url("/old"))
    (waiting,) = tell(world)
    row = endpoints.change(by=alice, endpoint=row, url=receiver.url("/new"))
    waiting.refresh_from_db()
    assert (waiting.status, waiting.url) == ("pending", receiver.url("/new"))
    row = endpoints.disable(by=alice, endpoint=row)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.next_action_at) == ("canceled", None)
    assert tell(world) == []
    row = endpoints.enable(by=alice, endpoint=row)
    (waiting,) = tell(world)
    endpoints.delete(by=alice, endpoint=row)
    waiting.refresh_from_db()
    assert waiting.status == "canceled"
    assert tell(world) == []
    with pytest.raises(DatabaseError, match="another address"), transaction.atomic():
        Delivery.objects.filter(pk=waiting.pk).update(url="https://elsewhere.example/")
    with pytest.raises(DatabaseError), transaction.atomic():
        WebhookEndpoint.objects.filter(pk=row.pk).update(description="changed")


def test_only_what_is_listened_to_is_told(world: World, receiver: Receiver) -> None:
    alice = world.actor(world.alice)
    some, _ = endpoints.add(by=alice, url=receiver.url("/some"), events=["wallet.low"])
    every, _ = endpoints.add(by=alice, url=receiver.url("/all"))
    assert [row.endpoint_id for row in tell(world)] == [some.pk, every.pk]
    assert [row.endpoint_id for row in tell(world, EventType.PAYMENT_PAID)] == [every.pk]
