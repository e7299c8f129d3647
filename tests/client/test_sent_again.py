"""What is sent again, and what never: counted where it arrives (the client's rule of one generation per call)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from framehouse import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    Conflict,
    Framehouse,
    RateLimited,
    ServerError,
    UnreadableAnswer,
    WaitTimeout,
)

from generations.models import Generation
from tests.client.conftest import Connect
from tests.client.peer import Act, Drop, Forward, Hang, Peer, Say
from tests.client.test_webhooks_arrive import eventually
from tests.world import World

KEY = "idempotency-key"
FLUX = "flux-kontext-pro"
Call = Callable[[Framehouse], Any]
AGAIN = {"Retry-After": "7"}
PASSING = [Drop(), Say(502), Say(503), Say(504), Say(429, headers=AGAIN), Say(409, headers=AGAIN), Say(200, cut=True)]
LASTING = [Say(400), Say(401), Say(402), Say(403), Say(404), Say(409), Say(422), Say(500), Say(301)]
RETRIED: dict[str, Call] = {
    "get": lambda client: client.generations.get("gen_1"),
    "create": lambda client: client.generations.create(FLUX, {}),
    "batch": lambda client: client.generations.batch([{}]),
    "expand": lambda client: client.generations.expand_prompt("a dog"),
}
NEVER: dict[str, Call] = {
    "quote": lambda client: client.quotes.create(FLUX, {}),
    "quotes": lambda client: client.quotes.batch([{}]),
    "upload": lambda client: client.uploads.create(b"x"),
    "cancel": lambda client: client.generations.cancel("gen_1"),
    "endpoint": lambda client: client.webhook_endpoints.create("https://example.com"),
    "update": lambda client: client.webhook_endpoints.update("whe_1", status="disabled"),
    "rotate": lambda client: client.webhook_endpoints.rotate("whe_1"),
    "test": lambda client: client.webhook_endpoints.test("whe_1"),
    "redeliver": lambda client: client.webhook_endpoints.redeliver("whe_1", "dlv_1"),
}


def test_a_lost_answer_makes_one_generation(
    site: str, committed_world: World, peer: Peer, connect: Connect, sleeps: list[float]
) -> None:
    peer.to, peer.then = site, Forward()
    peer.acts = [Drop(), Forward(lost=True), Say(503), Forward(lost=True)]
    made = connect(peer.url, committed_world.key).generations.create(FLUX, {"prompt": "a lighthouse"})
    assert Generation.objects.get().public_id == made.id
    assert len(peer.heard) == 5
    assert len({(one.headers[KEY], one.body) for one in peer.heard}) == 1
    assert len(sleeps) == 4


def test_a_call_that_was_given_up_can_be_taken_up_by_its_key(
    site: str, committed_world: World, peer: Peer, connect: Connect
) -> None:
    peer.to, peer.then = site, Forward(lost=True)
    with pytest.raises(APIConnectionError) as lost:
        connect(peer.url, committed_world.key, max_retries=1).generations.create(FLUX, {"prompt": "a lighthouse"})
    key = lost.value.idempotency_key
    made = connect(site, committed_world.key).generations.create(FLUX, {"prompt": "a lighthouse"}, idempotency_key=key)
    assert Generation.objects.get().public_id == made.id


def test_two_calls_are_two_generations_and_one_key_is_one(client_of_studio: Framehouse) -> None:
    ask = {"prompt": "a lighthouse"}
    first, second = (client_of_studio.generations.create(FLUX, ask) for _ in range(2))
    assert first.id != second.id
    same = {client_of_studio.generations.create(FLUX, ask, idempotency_key="mine").id for _ in range(2)}
    assert len(same) == 1
    assert Generation.objects.count() == 3


@pytest.mark.parametrize("act", PASSING, ids=str)
def test_what_is_safe_is_sent_again_after_what_passes(act: Act, peer: Peer, connect: Connect) -> None:
    client = connect(peer.url)
    for name, call in RETRIED.items():
        if isinstance(act, Say) and act.status == 409 and name == "get":
            continue  # only "the first request with this key still runs" passes by waiting
        peer.acts, peer.heard = [act, act], []
        call(client)
        assert len(peer.heard) == 3
        assert len({(one.path, one.headers.get(KEY), one.body) for one in peer.heard}) == 1
        assert (KEY in peer.heard[0].headers) is (peer.heard[0].method == "POST")


@pytest.mark.parametrize("act", LASTING, ids=str)
def test_what_does_not_pass_is_raised_at_once(act: Say, peer: Peer, connect: Connect, sleeps: list[float]) -> None:
    peer.then = act
    client = connect(peer.url)
    for number, call in enumerate(RETRIED.values(), start=1):
        with pytest.raises(APIError) as refused:
            call(client)
        assert refused.value.status == act.status
        assert len(peer.heard) == number
    assert sleeps == []


def test_a_conflict_of_a_read_does_not_pass(peer: Peer, connect: Connect) -> None:
    peer.then = Say(409, {"code": "not_ended"}, AGAIN)
    with pytest.raises(Conflict):
        connect(peer.url).generations.receipt("gen_1")
    assert len(peer.heard) == 1


@pytest.mark.parametrize("act", PASSING, ids=str)
def test_a_call_without_a_key_is_never_sent_twice(act: Act, peer: Peer, connect: Connect, sleeps: list[float]) -> None:
    peer.then = act
    client = connect(peer.url)
    for number, call in enumerate(NEVER.values(), start=1):
        with pytest.raises((APIConnectionError, ServerError, RateLimited, Conflict)):
            call(client)
        assert len(peer.heard) == number
        assert KEY not in peer.heard[-1].headers
    assert sleeps == []


def test_a_refused_connection_sent_nothing_so_everything_may_be_sent_again(
    connect: Connect, sleeps: list[float]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        client = connect(address)
        for call in (RETRIED["create"], *NEVER.values()):
            sleeps.clear()
            with pytest.raises(APIConnectionError):
                call(client)
            assert len(sleeps) == 4


def test_no_answer_in_time(peer: Peer, connect: Connect) -> None:
    peer.then = Hang(60)
    client = connect(peer.url, timeout=0.05, max_retries=1)
    with pytest.raises(APITimeoutError):
        client.generations.create(FLUX, {})
    eventually(lambda: len(peer.heard) >= 2)  # the client may give up before the peer has read it
    with pytest.raises(APITimeoutError):
        client.quotes.create(FLUX, {})
    eventually(lambda: len(peer.heard) >= 3)
    assert [one.path for one in peer.heard] == ["/api/v1/generations"] * 2 + ["/api/v1/quotes"]


def test_prefer_wait_is_given_its_time(peer: Peer, connect: Connect) -> None:
    peer.then = Hang(0.3)
    client = connect(peer.url, timeout=0.1, max_retries=0)
    client.generations.create(FLUX, {}, wait=30)
    assert peer.heard[0].headers["prefer"] == "wait=30"
    peer.then = Hang(60)
    with pytest.raises(APITimeoutError):
        client.generations.create(FLUX, {})


def test_pauses_grow_with_jitter_or_are_what_the_server_says(peer: Peer, connect: Connect, sleeps: list[float]) -> None:
    peer.then = Say(503)
    with pytest.raises(ServerError):
        connect(peer.url, max_retries=6).generations.get("gen_1")
    assert len(peer.heard) == 7
    for pause, most in zip(sleeps, [0.5, 1, 2, 4, 8, 8], strict=True):
        assert most / 2 <= pause <= most
    sleeps.clear()
    peer.then = Say(429, headers={"Retry-After": "60"})
    with pytest.raises(RateLimited) as limited:
        connect(peer.url, max_retries=1).generations.get("gen_1")
    assert limited.value.retry_after == 60
    assert len(sleeps) == 1
    assert 60 <= sleeps[0] <= 66


@pytest.mark.parametrize("named", ["61", "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_a_longer_time_than_a_minute_is_the_callers_to_wait(named: str, peer: Peer, connect: Connect) -> None:
    peer.then = Say(429, {"code": "rate_limited", "retryable": True}, {"Retry-After": named})
    with pytest.raises(RateLimited) as limited:
        connect(peer.url).generations.create(FLUX, {})
    assert (limited.value.retry_after or 0) > 60
    assert limited.value.retryable
    assert len(peer.heard) == 1


def test_a_deletion_that_arrived_is_done(peer: Peer, connect: Connect) -> None:
    peer.acts = [Drop(), Say(404), Say(404)]
    client = connect(peer.url)
    client.webhook_endpoints.delete("whe_1")
    with pytest.raises(Exception, match="404"):
        client.webhook_endpoints.delete("whe_1")


def test_a_wait_outlasts_an_outage(
    site: str, committed_world: World, peer: Peer, connect: Connect, sleeps: list[float]
) -> None:
    peer.to, peer.then = site, Forward()
    client = connect(peer.url, committed_world.key, max_retries=0)
    made = client.generations.create(FLUX, {"prompt": "a lighthouse"})
    client.generations.cancel(made)
    peer.acts = [Drop(), Say(500), Say(503), Say(429, headers={"Retry-After": "9"})]
    ended = client.generations.wait(made.id, raise_on_failure=False)
    assert ended.status == "canceled"
    assert sleeps == [1.0, 1.5, 2.25, 9.0]
    peer.then = Drop()
    with pytest.raises(WaitTimeout) as late:
        client.generations.wait(made.id, timeout=0.05)
    assert late.value.generation is None
    assert isinstance(late.value.__cause__, APIConnectionError)


def test_pauses_of_a_wait_end_at_five_seconds(peer: Peer, connect: Connect, sleeps: list[float]) -> None:
    peer.acts = [Say(200, {"id": "gen_1", "status": "running"})] * 6
    peer.then = Say(200, {"id": "gen_1", "status": "succeeded"}, {"Retry-After": "30"})
    assert connect(peer.url).generations.wait("gen_1").status == "succeeded"
    assert sleeps == [1.0, 1.5, 2.25, 3.375, 5.0, 5.0]
    peer.acts = [Say(200, {"id": "gen_1", "status": "running"}, {"Retry-After": "12"})]
    connect(peer.url).generations.wait("gen_1")
    assert sleeps[6:] == [12.0]


def test_the_key_goes_to_its_own_host_only(peer: Peer, connect: Connect) -> None:
    other = Peer()
    try:
        peer.acts = [
            Say(200, {"results": [], "next": f"{other.url}/api/v1/generations?cursor=there&limit=20"}),
            Say(200, {"results": [], "next": None}),
            Say(302, headers={"Location": f"{other.url}/api/v1/generations/gen_1"}),
        ]
        client = connect(f"{peer.url}/api/v1/", "fh_live_secret\n")
        assert list(client.generations.list(status="queued")) == []
        with pytest.raises(Exception, match="302"):
            client.generations.get("gen_1")
        assert [one.path for one in peer.heard[:2]] == [
            "/api/v1/generations?status=queued",
            "/api/v1/generations?status=queued&cursor=there&limit=20",
        ]
        assert {one.headers["authorization"] for one in peer.heard} == {"Bearer fh_live_secret"}
        assert other.heard == []
    finally:
        other.stop()


def test_an_answer_that_is_not_the_apis(peer: Peer, connect: Connect) -> None:
    client = connect(peer.url)
    for body in (b"<html>", b"[]", b'{"price": {"usd": 0.3, "credits": "60"}}', b'{"created_at": "yesterday"}'):
        peer.then = Say(200, body)
        with pytest.raises(UnreadableAnswer):
            client.generations.get("gen_1")
    peer.then = Say(404, b"<html>nginx</html>")
    with pytest.raises(Exception, match="404 http_404: Not Found"):
        client.generations.get("gen_1")
    peer.then = Say(200, {})
    with pytest.raises(UnreadableAnswer):
        list(client.generations.list())


def test_what_a_later_release_adds_is_in_raw(peer: Peer, connect: Connect) -> None:
    peer.then = Say(200, {"id": "gen_1", "status": "dreaming", "outputs": [{"url": "u", "new": 2}], "new": 1})
    found = connect(peer.url).generations.get("gen_1")
    assert (found.status, found.ended, found.raw["new"], found.outputs[0].raw["new"]) == ("dreaming", False, 1, 2)


def test_where_and_by_whom_come_from_the_environment(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRAMEHOUSE_BASE_URL", raising=False)
    with pytest.raises(ValueError, match="FRAMEHOUSE_BASE_URL"):
        Framehouse("k")
    with pytest.raises(ValueError, match="http"):
        Framehouse("k", "framehouse.example")
    monkeypatch.setenv("FRAMEHOUSE_BASE_URL", peer.url)
    monkeypatch.setenv("FRAMEHOUSE_API_KEY", "fh_live_env")
    with Framehouse() as client:
        client.wallet.get()
    assert peer.heard[0].headers["authorization"] == "Bearer fh_live_env"
