"""From where: an act in a request knows its address, browser and id; an act of ours by itself knows none."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts import audit
from accounts.models import Action, AuditEvent
from project import origin
from project.origin import OriginMiddleware
from tests.accounts.audit.conftest import browser_of
from tests.world import World


def exported(client: Client, **headers: str) -> AuditEvent:
    """The event that a request with these headers writes."""
    response = client.get("/team/audit.csv", headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert response.status_code == 200
    b"".join(response.streaming_content)
    return AuditEvent.objects.filter(action=Action.AUDIT_EXPORTED).latest("pk")


def test_the_address_the_browser_and_the_id_of_the_request(alice: Client) -> None:
    event = exported(alice, User_Agent="curl/8.5.0", X_Request_Id="0123456789abcdef")
    assert (event.ip, event.user_agent, event.request_id) == ("127.0.0.1", "curl/8.5.0", "0123456789abcdef")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "2001:DB8:0:0::7", "2001:db8::7"),
        (1, "<script>", "0.0.0.0"),
    ],
)
def test_the_address_is_the_one_that_our_own_proxy_saw(
    alice: Client, settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    assert exported(alice, X_Forwarded_For=forwarded).ip == address


@pytest.mark.parametrize("given", ["short", "x" * 65, "with a blank in it", "line\r\nbreak-in-it", "=cmd()-------"])
def test_an_id_that_is_none_is_replaced(alice: Client, given: str) -> None:
    event = exported(alice, X_Request_Id=given)
    assert len(event.request_id) == 32
    assert given not in event.request_id


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("one\r\nSet-Cookie: x=1", "one  Set-Cookie: x=1"),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}abc", "abc"),
        ("=HYPERLINK()", "=HYPERLINK()"),
        ("x" * 10_000, "x" * 200),
    ],
)
def test_a_browser_that_lies_does_no_harm(world: World, given: str, kept: str) -> None:
    """Past the test client, which refuses line breaks in headers; a server might let them through."""
    request = RequestFactory().get("/team", HTTP_USER_AGENT=given)

    def answer(_: Any) -> Any:
        return audit.record(Action.SIGNED_IN, by=world.alice, team=world.team)

    event = OriginMiddleware(answer)(request)
    assert isinstance(event, AuditEvent)
    event.refresh_from_db()
    assert event.user_agent == kept
    client = browser_of(world.alice)
    assert client.get("/team/audit").status_code == 200
    if given.startswith("="):
        assert b'"\'=HYPERLINK()"' in b"".join(client.get("/team/audit.csv").streaming_content)


def test_outside_a_request_there_is_none(world: World) -> None:
    event = audit.record(Action.TEAM_CLOSED, by=audit.SYSTEM, team=world.team)
    assert (event.ip, event.user_agent, event.request_id) == (None, "", "")


def test_a_request_that_ends_by_an_error_leaves_nothing_behind(world: World) -> None:
    def answer(_: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        OriginMiddleware(answer)(RequestFactory().get("/"))
    assert origin.current() == origin.Origin()
