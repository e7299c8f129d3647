"""Faults rows 61 and 62 on real sockets: what is refused reaches no listener, what passes is pinned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from project.net import Guard, NotSent, Refused, Unresolvable, check_url, fetch
from tests.net.peers import Peer, answering, within


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer(answering(b"secret of the inside")) as peer:
        yield peer


def get(url: str, guard: Guard = Guard.PUBLIC, **rest: Any) -> Any:
    return fetch(method="GET", url=url, deadline=20, max_bytes=10_000, guard=guard, **rest)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/",
        "http://0177.0.0.1:{port}/", "http://127.1:{port}/", "http://0.0.0.0:{port}/", "http://0:{port}/",
        "http://user@127.0.0.1:{port}/", "http://8.8.8.8@127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@8.8.8.8/",
        "http://[64:ff9b::7f00:1]:{port}/", "http://files.example.com:{port}/", "ftp://127.0.0.1:{port}/",
    ],
)  # fmt: skip
def test_a_listener_on_loopback_sees_no_connection(peer: Peer, address: str) -> None:
    with pytest.raises(Refused) as refusal:
        get(address.format(port=peer.port), resolve=lambda host, port: ["127.0.0.1"])
    assert refusal.value.sent is False
    assert peer.connections == 0


def test_the_same_listener_is_reached_once_it_is_allowed(peer: Peer, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = (peer.place,)
    assert get(peer.url()).body == b"secret of the inside"
    assert peer.connections == 1


def test_an_allowed_port_allows_no_other_port_and_no_other_name(peer: Peer, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = (f"127.0.0.1:{peer.port + 1}",)
    for url in (peer.url(), f"http://localhost:{peer.port + 1}/", f"http://127.0.0.2:{peer.port + 1}/"):
        with pytest.raises(Refused):
            get(url)
    assert peer.connections == 0


def test_an_allowed_host_allows_its_ports(peer: Peer, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = ("LOCALHOST", "::1", "[::1]:9")
    assert get(f"http://localhost:{peer.port}/", resolve=lambda host, port: ["127.0.0.1"]).status == 200
    with pytest.raises(Refused):
        get(peer.url())


def test_our_own_host_can_be_allowed(peer: Peer, settings: Any) -> None:
    settings.SITE_URL = peer.url("")
    settings.OUTBOUND_ALLOW_HOSTS = (peer.place,)
    assert get(peer.url()).status == 200


def test_the_operator_names_any_host(peer: Peer) -> None:
    assert get(peer.url("/api"), Guard.OPERATOR).status == 200
    with pytest.raises(Refused):
        get("file:///etc/passwd", Guard.OPERATOR)


def test_rebinding_after_the_check_is_refused(peer: Peer) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    def flip(host: str, port: int) -> list[str]:
        return next(answers)

    check_url("https://files.example.com/a.png", resolve=flip)
    with pytest.raises(Refused):
        get("https://files.example.com/a.png", resolve=flip)
    assert peer.connections == 0


def test_the_checked_answer_is_the_one_that_is_used(peer: Peer, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = ("files.example.test",)
    asked = []

    def once(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.99"]

    assert get(f"http://files.example.test:{peer.port}/", resolve=once).status == 200
    assert asked == [("files.example.test", peer.port)]


def test_the_next_address_is_tried_when_one_refuses(peer: Peer, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = ("files.example.test",)
    url = f"http://files.example.test:{peer.port}/"
    assert get(url, resolve=lambda host, port: ["127.0.0.77", "127.0.0.1"]).status == 200


def test_the_environment_names_no_proxy(peer: Peer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(answering(b"proxied")) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        assert get(peer.url(), Guard.OPERATOR).body == b"secret of the inside"
        assert proxy.connections == 0


@pytest.mark.parametrize("guard", list(Guard))
def test_a_slow_resolver_is_not_waited_for(guard: Guard) -> None:
    with Peer(lambda connection: connection.hang()) as over:

        def slow(host: str, port: int) -> list[str]:
            over._over.wait(10)
            return ["127.0.0.1"]

        with within(5), pytest.raises(Unresolvable) as refusal:
            fetch(
                method="GET",
                url="https://files.example.com/",
                deadline=0.5,
                max_bytes=9,
                guard=guard,
                resolve=slow,
            )
        assert isinstance(refusal.value, NotSent)
