"""A good exchange on the wire: request line, headers, body, TLS name, and the whole answer."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest

from project.net import Guard, NotSent, StreamResult, fetch, stream
from tests.net.authority import Authority
from tests.net.peers import Connection, Handler, Peer, answering


def recording(seen: list[bytes], body: bytes = b"{}", headers: str = "") -> Handler:
    def handle(connection: Connection) -> None:
        seen.append(connection.request())
        head = f"HTTP/1.1 201 Created\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        connection.send(head.encode() + body)

    return handle


def test_the_request_is_what_was_asked_for(settings: Any) -> None:
    settings.SITE_URL = "https://frame.example.com"
    seen: list[bytes] = []
    with Peer(recording(seen, headers="X-Two: a\r\nX-Two: b\r\n")) as peer:
        answer = fetch(
            method="POST",
            url=peer.url("/api/v1/createTask?fal_webhook=https%3A%2F%2Fa.test%2Fb&s='+/=~"),
            headers={"authorization": "Bearer k"},
            json={"prompt": "ü", "n": 1},
            deadline=5,
            max_bytes=100,
            guard=Guard.OPERATOR,
        )
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/v1/createTask?fal_webhook=https%3A%2F%2Fa.test%2Fb&s='+/=~ HTTP/1.1"
    headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines[1:])}
    assert headers[b"host"] == peer.place.encode()
    assert headers[b"user-agent"] == b"Framehouse/1.0 (+https://frame.example.com)"
    assert headers[b"authorization"] == b"Bearer k"
    assert headers[b"accept-encoding"] == b"identity"
    assert headers[b"content-type"] == b"application/json"
    assert body == '{"prompt":"ü","n":1}'.encode()
    assert (answer.status, answer.body, answer.headers["x-two"]) == (201, b"{}", "a, b")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with Peer(answering(b"inside")) as inside:
        elsewhere = f"Location: {inside.url()}\r\n"
        with Peer(answering(b"", status="302 Found", headers=elsewhere)) as peer:
            answer = fetch(method="GET", url=peer.url(), deadline=5, max_bytes=100, guard=Guard.OPERATOR)
        assert (answer.status, answer.headers["location"]) == (302, inside.url())
        assert inside.connections == 0


def test_a_file_is_streamed_and_hashed() -> None:
    data = bytes(range(256)) * 4000
    sink = io.BytesIO()
    with Peer(answering(data, headers="Content-Type: video/mp4\r\n")) as peer:
        got = stream(url=peer.url(), deadline=5, max_bytes=len(data), guard=Guard.OPERATOR, sink=sink)
    assert sink.getvalue() == data
    assert got == StreamResult(200, got.headers, len(data), hashlib.sha256(data).hexdigest())
    assert got.headers["content-type"] == "video/mp4"


def test_the_page_of_an_error_is_not_written() -> None:
    sink = io.BytesIO()
    with Peer(answering(b"<h1>gone</h1>", status="404 Not Found")) as peer:
        got = stream(url=peer.url(), deadline=5, max_bytes=100, guard=Guard.OPERATOR, sink=sink)
    assert (got.status, got.bytes, sink.getvalue()) == (404, 0, b"")


def test_tls_goes_to_the_pinned_address_under_the_name(settings: Any, tmp_path: Any) -> None:
    authority = Authority(tmp_path)
    settings.OUTBOUND_CA_FILE = authority.file
    settings.OUTBOUND_ALLOW_HOSTS = ("files.example.test",)
    seen: list[bytes] = []
    with Peer(recording(seen), tls=authority.server("files.example.test")) as peer:
        url = f"https://files.example.test:{peer.port}/a"
        answer = fetch(
            method="GET",
            url=url,
            deadline=5,
            max_bytes=100,
            guard=Guard.PUBLIC,
            resolve=lambda host, port: ["127.0.0.1"],
        )
    assert answer.status == 201
    assert authority.names == ["files.example.test"]
    assert f"host: files.example.test:{peer.port}".encode() in seen[0].lower()


@pytest.mark.parametrize("trusted", [True, False], ids=["wrong name", "unknown authority"])
def test_a_wrong_certificate_stops_before_a_byte_is_sent(settings: Any, tmp_path: Any, trusted: bool) -> None:
    authority = Authority(tmp_path)
    settings.OUTBOUND_CA_FILE = authority.file if trusted else None
    settings.OUTBOUND_ALLOW_HOSTS = ("files.example.test",)
    seen: list[bytes] = []
    name = "other.example.test" if trusted else "files.example.test"
    with Peer(recording(seen), tls=authority.server(name)) as peer:
        with pytest.raises(NotSent):
            fetch(
                method="GET",
                url=f"https://files.example.test:{peer.port}/a?key=k",
                deadline=5,
                max_bytes=100,
                guard=Guard.PUBLIC,
                resolve=lambda host, port: ["127.0.0.1"],
            )
        assert peer.connections == 1
    assert seen in ([], [b""])
