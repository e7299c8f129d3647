"""The guard both ways (issue 5): every address that a customer may give us is refused where it is not on the public
internet, with a listener that must see nothing; and a table of good ones passes, so that "refuse all" is no guard.

At each door: an image and a webhook of POST /generations, a webhook endpoint. And at the moment of the call.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from accounts.webhooks import endpoints
from generations.models import Generation
from project.errors import Invalid
from tests.accounts.webhooks.telling import attempt, publish
from tests.net.internet import HOST, PUBLIC, Internet, opened
from tests.net.peers import Connection, answering
from tests.net.test_guard_addresses import PRIVATE
from tests.world import World

Door = Callable[[str], str]  # gives an address in; returns why it is refused, or nothing

NAMES = {  # what a name that looks public says it is
    "loopback": ["127.0.0.1"], "loopback v6": ["::1"], "private": ["10.1.2.3"], "private v6": ["fd12::1"],
    "link-local": ["169.254.169.254"], "link-local v6": ["fe80::1"], "CGNAT": ["100.64.0.9"],
    "NAT64": ["64:ff9b::a9fe:a9fe"], "NAT64 of a network": ["64:ff9b:1::7f00:1"], "6to4": ["2002:7f00:1::1"],
    "Teredo": ["2001:0:53aa:64c::1"], "mapped": ["::ffff:127.0.0.1"], "compatible": ["::127.0.0.1"],
    "multicast": ["224.0.0.251"], "multicast v6": ["ff02::1"], "this network": ["0.0.0.0"], "unspecified": ["::"],
    "broadcast": ["255.255.255.255"], "documentation": ["192.0.2.7"], "documentation v6": ["2001:db8::7"],
    "public first, private second": ["93.184.216.34", "10.0.0.7"],
    "private first, public second": ["127.0.0.1", "93.184.216.34"],
    "public v4, private v6": ["93.184.216.34", "::1"],
}  # fmt: skip
FORMS = [
    "https://2130706433/a", "https://0x7f000001/a", "https://0x7f.1/a", "https://0177.0.0.1/a", "https://127.1/a",
    "https://127.0.0.1./a", "https://017700000001/a", "https://①②⑦.⓪.⓪.①/a", "https://127。0。0。1/a",
    "https://０x7f.1/a", "https://[::1%25lo]/a", "https://%31%32%37.0.0.1/a",
    "https://user@files.example.com/a", "https://user:pw@files.example.com/a", "https://files.example.com@127.0.0.1/a",
    "https://files.example.com\\@127.0.0.1/a", "https://127.0.0.1#@files.example.com/a",
    "https://files.example.com:80/a", "https://files.example.com:22/a", "https://files.example.com:8443/a",
    "http://files.example.com/a", "ftp://files.example.com/a", "file:///etc/passwd", "gopher://files.example.com/a",
    "javascript:alert(1)", "data:image/png;base64,AAAA", "//files.example.com/a", "files.example.com/a",
    "https://localhost/a", "https://LOCALHOST./a", "https://intranet/a", "https://metadata/a",
    "https://frame.example.com/a", "https://frame.example.com./a", "https://FRAME.Example.COM/a",
    "https://ｆrame.example.com/a", "https://frame.example.com:443/a",
    "https://exa<mple.com/a", "https://a..example.com/a", "https://-a.example.com/a", "https:///a", "https://",
    "https://files.example.com/a b", "https://files.example.com/\ta", "https://files.exa\nmple.com/",
]  # fmt: skip
GOOD = {  # address -> what its name says (None: it is an IP address), and what may be called
    "https://files.example.com/a.png?x=1#part": (HOST, PUBLIC),
    "https://files.example.com:443/a.png": (HOST, PUBLIC),
    "https://FILES.Example.COM/a.png": (HOST, PUBLIC),
    "https://files.example.com./a.png": (HOST, PUBLIC),
    "HTTPS://files.example.com/a.png": (HOST, PUBLIC),
    "https://bücher.example.org/ü.png": ("xn--bcher-kva.example.org", ["8.8.4.4"]),
    "https://xn--bcher-kva.example.org/a.png": ("xn--bcher-kva.example.org", ["8.8.4.4"]),
    "https://under_score.example.org/a.png": ("under_score.example.org", ["1.1.1.1"]),
    "https://six.example.org/a.png": ("six.example.org", ["2606:4700:4700::1111"]),
    "https://both.example.org/a.png": ("both.example.org", ["2a00:1450:4001::8", "8.8.8.8"]),
    "https://edge.example.org/a.png": ("edge.example.org", ["100.128.0.1"]),
    "https://8.8.8.8/a.png": (None, ["8.8.8.8"]),
    "https://172.32.0.1/a.png": (None, ["172.32.0.1"]),
    "https://[2606:4700:4700::1111]/a.png": (None, ["2606:4700:4700::1111"]),
}


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[Internet]:
    yield from opened(monkeypatch, settings, tmp_path)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(params=["image_url", "webhook_url", "webhook endpoint"])
def door(request: Any, world: World, api: Any) -> Door:
    """One way in; each returns the sentence beside the field."""

    def generation(url: str) -> str:
        ask: dict[str, Any] = {"model": "kling-2.1-pro", "input": {"prompt": "x", "image_url": "https://8.8.8.8/a.png"}}
        if request.param == "image_url":
            ask["input"]["image_url"], path = url, "input.image_url"
        else:
            ask = {"model": "flux-kontext-pro", "input": {"prompt": "x"}, "webhook_url": url}
            path = "webhook_url"
        answer = api("post", "/generations", ask, key=world.key)
        if answer.status_code == 201:
            return ""
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["path"]) == (422, path), answer.content
        return str(error["message"])

    def endpoint(url: str) -> str:
        try:
            endpoints.delete(
                by=world.actor(world.alice), endpoint=endpoints.add(by=world.actor(world.alice), url=url)[0]
            )
        except Invalid as problem:
            (error,) = problem.errors
            assert error.path == "url"
            return error.message
        return ""

    return endpoint if request.param == "webhook endpoint" else generation


def test_no_private_literal_passes(door: Door, internet: Internet) -> None:
    passed = [text for text in PRIVATE if not door(f"https://[{text}]/a" if ":" in text else f"https://{text}/a")]
    assert passed == []
    assert internet.calm()
    assert not Generation.objects.exists()


def test_no_name_of_a_private_place_passes(door: Door, internet: Internet) -> None:
    passed = []
    for what, answers in NAMES.items():
        internet.resolves(HOST, answers)
        if not door(f"https://{HOST}/a.png"):
            passed.append(what)
    assert passed == []
    assert internet.calm()


def test_no_disguise_passes(door: Door, internet: Internet) -> None:
    assert [url for url in FORMS if not door(url)] == []
    assert internet.calm()
    assert internet.asked == []  # not even a name server hears of them


def test_good_addresses_pass(door: Door, internet: Internet) -> None:
    internet.peer._handler = answering(picture())
    for url, (host, answers) in GOOD.items():
        if host is not None:
            internet.resolves(host, answers)
        assert (door(url), url) == ("", url)
    assert {port for _, port in internet.connected} <= {443}
    public = {address for _, answers in GOOD.values() for address in answers} | {"8.8.8.8"}
    assert {address for address, _ in internet.connected} <= public


def test_a_good_image_is_looked_at_where_its_name_says(world: World, api: Any, internet: Internet) -> None:
    ask = {"model": "kling-2.1-pro", "input": {"prompt": "x", "image_url": f"https://{HOST}/a.png"}}
    internet.peer._handler = answering(picture())
    assert api("post", "/generations", ask, key=world.key).status_code == 201
    assert (internet.connected, internet.peer.connections) == ([(PUBLIC[0], 443)], 1)


@pytest.mark.parametrize("place", ["https://127.0.0.1/b.png", "http://169.254.169.254/latest", "file:///etc/passwd"])
def test_a_redirect_of_an_image_is_not_followed(place: str, world: World, api: Any, internet: Internet) -> None:
    internet.peer._handler = answering(b"", status="302 Found", headers=f"Location: {place}\r\n")
    ask = {"model": "kling-2.1-pro", "input": {"prompt": "x", "image_url": f"https://{HOST}/a.png"}}
    api("post", "/generations", ask, key=world.key)
    assert (internet.connected, internet.peer.connections) == ([(PUBLIC[0], 443)], 1)


def test_an_image_whose_name_changes_its_mind_is_refused(world: World, api: Any, internet: Internet) -> None:
    internet.resolves(HOST, PUBLIC, ["127.0.0.1"])
    ask = {"model": "kling-2.1-pro", "input": {"prompt": "x", "image_url": f"https://{HOST}/a.png"}}
    assert api("post", "/generations", ask, key=world.key).status_code == 422
    assert len(internet.asked) == 2
    assert internet.calm()


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("later", [["127.0.0.1"], ["10.0.0.1", "93.184.216.34"], ["64:ff9b::7f00:1"], ["::1"]])
def test_a_webhook_whose_name_turns_private_is_not_called(
    later: list[str], own: bool, world: World, internet: Internet
) -> None:
    url = f"https://{HOST}/hook"
    if not own:
        endpoints.add(by=world.actor(world.alice), url=url)
    delivery = publish(world, url=url if own else "")
    internet.resolves(HOST, later)
    tried = attempt(delivery)
    assert (tried.outcome != "delivered", tried.status, delivery.status) == (True, None, "pending")
    assert internet.calm()
    internet.resolves(HOST, PUBLIC)  # and it is told once its name is public again
    assert attempt(delivery).outcome == "delivered"
    assert (internet.connected, internet.peer.connections) == ([(PUBLIC[0], 443)], 1)


def test_a_call_goes_to_the_answer_that_was_checked(world: World, internet: Internet) -> None:
    internet.resolves(HOST, PUBLIC, PUBLIC, ["127.0.0.1"])
    endpoints.add(by=world.actor(world.alice), url=f"https://{HOST}/hook")
    assert attempt(publish(world)).outcome == "delivered"
    assert internet.asked == [HOST, HOST]  # once when it was added, once for the call
    assert internet.connected == [(PUBLIC[0], 443)]


def test_a_redirect_of_a_webhook_is_not_followed(world: World, internet: Internet) -> None:
    seen: list[bytes] = []

    def redirect(connection: Connection) -> None:
        seen.append(connection.request())
        connection.send(b"HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")

    internet.peer._handler = redirect
    endpoints.add(by=world.actor(world.alice), url=f"https://{HOST}/hook")
    tried = attempt(publish(world))
    assert (tried.status, tried.outcome != "delivered", len(seen)) == (307, True, 1)
    assert internet.connected == [(PUBLIC[0], 443)]
