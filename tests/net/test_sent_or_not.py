"""Faults rows 3 and 4: what proves that nothing was sent, and what may have been received."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest

from project.net import Guard, Lost, NotSent, TooLarge, fetch
from tests.net.peers import Connection, Handler, Peer, answering


def post(url: str, **rest: Any) -> Any:
    rest.setdefault("max_bytes", 100_000)
    return fetch(method="POST", url=url, json={"a": 1}, deadline=5, guard=Guard.OPERATOR, **rest)


def test_a_closed_port_proves_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(NotSent) as error:
        post(f"http://127.0.0.1:{port}/")
    assert error.value.sent is False


def test_no_tls_on_the_other_side_proves_that_nothing_was_sent() -> None:
    with Peer(lambda connection: connection.send(b"220 mail\r\n")) as peer, pytest.raises(NotSent):
        post(peer.url(scheme="https"))


def resets(connection: Connection) -> None:
    connection.request()
    connection.reset()


def resets_at_once(connection: Connection) -> None:
    connection.reset()


def hangs_up(connection: Connection) -> None:
    connection.request()


def babbles(connection: Connection) -> None:
    connection.request()
    connection.send(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)


def promises_more(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort")


def breaks_a_chunk(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort")


def contradicts_itself(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")


def compresses(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")


@pytest.mark.parametrize(
    "handler",
    [
        resets,
        resets_at_once,
        hangs_up,
        babbles,
        promises_more,
        breaks_a_chunk,
        contradicts_itself,
        compresses,
    ],
)
def test_anything_after_the_request_left_is_lost(handler: Handler) -> None:
    with Peer(handler) as peer:
        with pytest.raises(Lost) as error:
            post(peer.url())
        assert error.value.sent is True
        assert peer.connections == 1  # never a second try by itself


def long_headers(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.send(b"X-%d: " % number + b"a" * 1000 + b"\r\n")


def one_endless_header(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(100_000):
        connection.send(b"a" * 1000)


def endless_chunks(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100_000):
        connection.send(b"3e8\r\n" + b"a" * 1000 + b"\r\n")


def endless_until_close(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100_000):
        connection.send(b"a" * 1000)


def endless_chunk_framing(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100_000):
        connection.send(b"1;" + b"x" * 2000 + b"\r\na\r\n")


def says_ten_gigabytes(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    connection.hang()


@pytest.mark.parametrize(
    "handler",
    [
        long_headers, one_endless_header, endless_chunks, endless_until_close, endless_chunk_framing,
        says_ten_gigabytes,
    ],
)  # fmt: skip
def test_an_answer_beyond_the_cap_is_cut(handler: Handler) -> None:
    with Peer(handler) as peer, pytest.raises(TooLarge) as error:
        post(peer.url(), max_bytes=50_000)
    assert error.value.sent is True


def chunked(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.send((b"64\r\n" + b"a" * 100 + b"\r\n") * 10 + b"0\r\n\r\n")


@pytest.mark.parametrize("handler", [answering(b"a" * 1000), chunked])
def test_the_cap_is_exact(handler: Handler) -> None:
    with Peer(handler) as peer:
        assert len(post(peer.url(), max_bytes=1000).body) == 1000
        with pytest.raises(TooLarge):
            post(peer.url(), max_bytes=999)


def test_framing_is_not_read_without_end() -> None:
    read = 0

    def frames(connection: Connection) -> None:
        nonlocal read
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(20_000):
            connection.send(b"1;" + b"x" * 2000 + b"\r\na\r\n")
            read += 2000

    with Peer(frames) as peer, pytest.raises(TooLarge):
        post(peer.url(), max_bytes=30_000)
    assert read < 20_000_000  # what socket buffers hold, not the 40 MB on offer


def test_no_message_and_no_log_line_holds_a_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Peer(answering(b"{}")) as peer:
        post(
            peer.url("/callbacks/kie/tokentoken?signature=tokentoken"),
            headers={"Authorization": "Bearer keykey"},
        )
        with pytest.raises(NotSent) as error:
            post(peer.url(), headers={"Authorization": "Bearer keykey\r\nX: y"})
        with pytest.raises(NotSent) as second:
            post(peer.url(), headers={"Authorization": "Bearer keykeyé"})
    told = caplog.text + repr(error.value) + repr(second.value)
    assert "keykey" not in told
    assert "tokentoken" not in told
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_a_body_that_is_no_json_is_not_sent() -> None:
    with Peer(answering(b"{}")) as peer:
        with pytest.raises(NotSent):
            fetch(
                method="POST",
                url=peer.url(),
                json={"a": float("nan")},
                deadline=5,
                max_bytes=9,
                guard=Guard.OPERATOR,
            )
        assert peer.connections == 0
