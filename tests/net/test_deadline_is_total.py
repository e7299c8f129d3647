"""Faults row 30: whatever the other side does, an exchange ends at its deadline."""

from __future__ import annotations

import io
from typing import Any

import pytest

from project.net import DeadlineExceeded, Guard, NotSent, fetch, stream
from tests.net.peers import Connection, Handler, Peer, within

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


def drips_headers(connection: Connection) -> None:
    connection.request()
    connection.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1000, every=0.2)


def drips_interim_answers(connection: Connection) -> None:
    connection.request()
    connection.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 400, every=0.01)


def drips_body(connection: Connection) -> None:
    connection.request()
    connection.send(HEAD)
    connection.drip(b"a" * 1000, every=0.2)


def drips_chunks(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.drip(b"1\r\na\r\n" * 1000, every=0.05)


def says_nothing(connection: Connection) -> None:
    connection.request()
    connection.hang()


@pytest.mark.parametrize("handler", [drips_headers, drips_interim_answers, drips_body, drips_chunks, says_nothing])
def test_a_slow_answer_is_cut(handler: Handler) -> None:
    with Peer(handler) as peer:
        with within(3.9), pytest.raises(DeadlineExceeded) as late:
            fetch(method="POST", url=peer.url(), json={}, deadline=2.0, max_bytes=10**6, guard=Guard.OPERATOR)
        assert late.value.sent is True
        with within(3.9), pytest.raises(DeadlineExceeded):
            stream(url=peer.url(), deadline=2.0, max_bytes=10**6, guard=Guard.OPERATOR, sink=io.BytesIO())


def upload(url: str) -> None:
    content = b"a" * 50_000_000
    fetch(method="POST", url=url, content=content, deadline=2.0, max_bytes=9, guard=Guard.OPERATOR)


def test_a_peer_that_does_not_read_is_cut() -> None:
    with (
        Peer(lambda connection: connection.hang()) as peer,
        within(3.9),
        pytest.raises(DeadlineExceeded) as late,
    ):
        upload(peer.url())
    assert late.value.sent is True


def test_a_peer_that_reads_slowly_is_cut() -> None:
    def sips(connection: Connection) -> None:
        while not connection.over.wait(0.05):
            connection.sock.recv(2000)

    with Peer(sips) as peer, within(3.9), pytest.raises(DeadlineExceeded):
        upload(peer.url())


def test_a_silent_handshake_is_cut_and_nothing_was_sent() -> None:
    with Peer(lambda connection: connection.hang()) as peer, within(3.9), pytest.raises(NotSent):
        fetch(method="POST", url=peer.url(scheme="https"), deadline=2.0, max_bytes=9, guard=Guard.OPERATOR)


def test_a_slow_sink_counts_too() -> None:
    class Slow(io.BytesIO):
        def write(self, data: Any) -> int:
            with Peer(lambda connection: connection.hang()) as pause:
                pause._over.wait(0.3)
            return super().write(data)

    def sends(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"a" * 5_000_000)

    with Peer(sends) as peer, within(3.9), pytest.raises(DeadlineExceeded):
        stream(url=peer.url(), deadline=2.0, max_bytes=10**7, guard=Guard.OPERATOR, sink=Slow())
