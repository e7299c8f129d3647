"""Find: which text opens the door, from where, and what is written of it (faults.md rows 68, 69, 74)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import key_format, key_proof, keys
from accounts.models import ApiKey, ApiKeySecret, Team, TeamStatus
from project import db
from project.errors import Unauthenticated
from tests.world import World


def mistyped(text: str) -> list[str]:
    swap = {True: "a", False: "b"}
    return [
        text[:-1] + swap[text[-1] != "a"],
        text[:20] + swap[text[20] != "a"] + text[21:],
        text[:10] + swap[text[10] != "a"] + text[11:],
        text.replace("live", "test"),
        text + "a",
        text[:-1],
        text.upper(),
        f" {text}",
        text.replace("_", "-"),
        "fh_live_aaaaaaaa_" + "é" * 36,
        "fh_live_" + "١" * 8 + "_" + "a" * 36,
        "",
        "\x00",
    ]


def test_a_mistyped_key_never_reaches_the_database(world: World) -> None:
    for text in mistyped(world.key):
        with CaptureQueriesContext(connection) as asked, pytest.raises(Unauthenticated):
            key_proof.find(text)
        assert len(asked) == 0, text


def test_an_invented_key_with_a_right_checksum_takes_one_query(world: World) -> None:
    invented = key_format.new_text(key_format.new_lookup())
    right_id = key_format.new_text(world.api_key.lookup)
    for text in (invented, right_id):
        with CaptureQueriesContext(connection) as asked, pytest.raises(Unauthenticated):
            key_proof.find(text)
        assert len(asked) == 1


def test_a_good_key_takes_one_query_and_a_write_at_most_once_a_minute(world: World) -> None:
    def kinds() -> list[str]:
        with CaptureQueriesContext(connection) as asked:
            key_proof.find(world.key)
        return ["write" if "UPDATE accounts" in query["sql"] else "read" for query in asked]

    assert kinds() == ["read", "write"]
    assert [kinds() for _ in range(20)] == [["read"]] * 20
    ApiKey.objects.update(last_used_at=db.now() - timedelta(seconds=61))
    ApiKeySecret.objects.update(last_used_at=db.now() - timedelta(seconds=61))
    assert kinds() == ["read", "write"]
    assert kinds() == ["read"]


def test_key_and_secret_are_stamped_each_for_itself(world: World) -> None:
    key, new = keys.rotate(key=world.api_key, by=world.alice)
    old_secret, new_secret = ApiKeySecret.objects.filter(api_key=key).order_by("id")
    key_proof.find(new)
    for row in (key, old_secret, new_secret):
        row.refresh_from_db()
    assert key.last_used_at is not None
    assert new_secret.last_used_at is not None
    assert old_secret.last_used_at is None
    stamp = key.last_used_at
    key_proof.find(world.key)
    for row in (key, old_secret):
        row.refresh_from_db()
    assert old_secret.last_used_at is not None
    assert key.last_used_at == stamp


def revoked(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=db.now())


def expired(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(created_at=db.now() - timedelta(days=2), expires_at=db.now())


def rotated_away(key: ApiKey) -> None:
    keys.rotate(key=key, by=None, overlap=None)


def overlap_over(key: ApiKey) -> None:
    keys.rotate(key=key, by=None)
    ApiKeySecret.objects.filter(api_key=key).exclude(ends_at=None).update(ends_at=db.now())


def team_closed(key: ApiKey) -> None:
    Team.objects.filter(pk=key.team_id).update(status=TeamStatus.CLOSING)
    Team.objects.filter(pk=key.team_id).update(status=TeamStatus.CLOSED, closed_at=db.now())


@pytest.mark.parametrize("end", [revoked, expired, rotated_away, overlap_over, team_closed])
def test_all_ends_look_alike_and_count_from_the_next_request(
    world: World, api: Callable[..., Any], end: Callable[[ApiKey], None]
) -> None:
    assert api("get", "/key", key=world.key).status_code == 200
    end(world.api_key)
    known = api("get", "/key", key=world.key)
    unknown = api("get", "/key", key=key_format.new_text(key_format.new_lookup()))
    assert known.status_code == unknown.status_code == 401
    assert known.json() == unknown.json()


def test_an_overlap_opens_by_both_and_a_suspended_team_still_reads(world: World) -> None:
    _, new = keys.rotate(key=world.api_key, by=world.alice)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.SUSPENDED)
    assert key_proof.find(world.key).api_key == key_proof.find(new).api_key == world.api_key


def test_secrets_are_compared_in_constant_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is seen, and the real comparison is made."""
    compared: list[tuple[object, object]] = []
    real = hmac.compare_digest

    def watching(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watching)
    key_proof.find(world.key)
    mark = key_format.digest(world.key)
    assert (mark, mark) in compared


@contextmanager
def held_to(key: ApiKey, *networks: str) -> Iterator[None]:
    keys.change(
        key=key, by=None, name=key.name, scopes=key.scopes, allowed_ips=networks, allowed_models=key.allowed_models
    )
    yield


@pytest.mark.parametrize(
    ("networks", "address", "status"),
    [
        (["203.0.113.0/24"], "203.0.113.9", 200),
        (["203.0.113.0/24"], "203.0.114.9", 403),
        (["203.0.113.9", "2001:db8::/32"], "2001:db8:1::5", 200),
        (["2001:db8::/32"], "2001:db9::5", 403),
        (["2001:db8::/32"], "203.0.113.9", 403),
        (["203.0.113.9"], "::ffff:203.0.113.9", 200),
        (["::ffff:203.0.113.9"], "203.0.113.9", 200),
        ([], "203.0.113.9", 200),
    ],
)
def test_addresses_that_may_and_that_may_not(
    world: World, api: Any, client: Any, networks: list[str], address: str, status: int
) -> None:
    with held_to(world.api_key, *networks):
        answer = client.get("/api/v1/key", headers={"Authorization": f"Bearer {world.key}"}, REMOTE_ADDR=address)
    assert answer.status_code == status
    if status == 403:
        problem = answer.json()
        assert problem["code"] == "address_not_allowed"
        assert address in problem["detail"]
        assert not any(network in answer.content.decode() for network in networks)
        world.api_key.refresh_from_db()
        assert world.api_key.last_used_at is None


def test_a_forged_forwarded_header_opens_nothing(world: World, client: Any, settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    auth = {"Authorization": f"Bearer {world.key}"}
    with held_to(world.api_key, "203.0.113.9"):
        forged = client.get("/api/v1/key", headers={**auth, "X-Forwarded-For": "203.0.113.9, 198.51.100.1"})
        honest = client.get("/api/v1/key", headers={**auth, "X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
    assert (forged.status_code, honest.status_code) == (403, 200)


def test_a_wrong_secret_from_a_wrong_address_is_401_and_tells_nothing(world: World, api: Any) -> None:
    with held_to(world.api_key, "203.0.113.9"):
        assert api("get", "/key", key=key_format.new_text(world.api_key.lookup)).status_code == 401
