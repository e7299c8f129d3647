"""Where only the status counts, an answer is cut: a body too long, too slow, broken off or compressed is no failure."""

from __future__ import annotations

import pytest

from project.net import DeadlineExceeded, Guard, Response, fetch
from tests.net.peers import Connection, Handler, Peer, answering, within


def cut(handler: Handler, *, deadline: float = 5, max_bytes: int = 100) -> tuple[Response, Peer]:
    with Peer(handler) as peer, within(deadline + 1.9):
        answer = fetch(
            method="POST", url=peer.url(), deadline=deadline, max_bytes=max_bytes, guard=Guard.OPERATOR, cut=True
        )
    return answer, peer


@pytest.mark.parametrize("length", [0, 99, 100, 101, 10_000_000])
def test_at_most_the_cap_is_kept(length: int) -> None:
    answer, _ = cut(answering(b"a" * length))
    assert (answer.status, answer.body, answer.truncated) == (200, b"a" * min(length, 100), length > 100)


def test_the_cap_holds_for_what_does_not_tell_its_length() -> None:
    def endless(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(1_000):
            connection.send(b"3e8\r\n" + b"b" * 1_000 + b"\r\n")

    answer, _ = cut(endless, max_bytes=65_536)
    assert (answer.status, len(answer.body), answer.truncated) == (202, 65_536, True)


def test_a_body_that_never_ends_is_cut_at_the_deadline() -> None:
    def dripping(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab")
        connection.hang()

    answer, _ = cut(dripping, deadline=2)
    assert (answer.status, answer.body, answer.truncated) == (200, b"ab", True)


def test_a_body_that_breaks_off_is_cut() -> None:
    def breaking(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 50\r\n\r\nab")

    answer, _ = cut(breaking)
    assert (answer.status, answer.body, answer.truncated) == (500, b"ab", True)


def test_a_compressed_body_is_left_unread() -> None:
    answer, _ = cut(answering(b"\x1f\x8b\x08", headers="Content-Encoding: gzip\r\n"))
    assert (answer.status, answer.body, answer.truncated) == (200, b"", True)


def test_without_a_status_it_is_a_failure_all_the_same() -> None:
    def silent(connection: Connection) -> None:
        connection.request()
        connection.hang()

    with pytest.raises(DeadlineExceeded):
        cut(silent, deadline=0.2)
