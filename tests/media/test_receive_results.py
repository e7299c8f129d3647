"""Faults rows 21 to 26: a result comes in whole under its one name, or not at all."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generations import files
from tests.media import corpus
from tests.media.conftest import stored
from tests.net.peers import Connection, Handler, Peer, answering, within

STEM = "teams/7/0af3/0"
PNG = corpus.encode(corpus.noise(300, 200), "PNG")


def receive(url: str, kind: Any = "image", **rest: Any) -> files.StoredFile:
    rest.setdefault("deadline", 20)
    return files.receive(url, kind=kind, name_stem=STEM, **rest)


@pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_a_picture_is_stored_as_it_came(store: Path, kind: str, extension: str) -> None:
    data = corpus.encode(corpus.noise(300, 200), kind)
    with Peer(answering(data, headers="Content-Type: text/html\r\n")) as peer:
        got = receive(peer.url("/result.html?X=1"))
    assert got == files.StoredFile(
        name=f"{STEM}.{extension}",
        content_type=f"image/{kind.lower()}",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        width=300,
        height=200,
        duration_ms=None,
        preview_name=f"{STEM}.preview.webp",
    )
    with files.open(got.name) as file:
        assert file.read() == data
    with files.open(f"{STEM}.preview.webp") as file:
        assert corpus.decode(file.read()).size == (300, 200)
    assert stored(store) == sorted([got.name, f"{STEM}.preview.webp"])


def test_a_film_is_stored_with_length_and_poster(store: Path, tmp_path: Path) -> None:
    data = corpus.film(tmp_path / "a.mp4", frames=48, size=(320, 180)).read_bytes()
    with Peer(answering(data)) as peer:
        got = receive(peer.url(), kind="video")
    assert (got.name, got.content_type, got.width, got.height) == (f"{STEM}.mp4", "video/mp4", 320, 180)
    assert got.duration_ms is not None
    assert abs(got.duration_ms - 2000) <= 50
    with files.open(f"{STEM}.preview.webp") as file:
        assert corpus.decode(file.read()).size == (320, 180)


def test_a_second_run_replaces_the_same_name(store: Path) -> None:
    other = corpus.encode(corpus.gradient(9, 9), "PNG")
    for data in (PNG, PNG, other):
        with Peer(answering(data)) as peer:
            got = receive(peer.url())
        assert stored(store) == [f"{STEM}.png", f"{STEM}.preview.webp"]
        assert (store / got.name).read_bytes() == data
    assert (store / got.name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("status", [403, 404, 410, 400])
def test_a_missing_result_is_gone(store: Path, status: int) -> None:
    with Peer(answering(PNG, status=f"{status} No")) as peer, pytest.raises(files.ResultGone) as error:
        receive(peer.url())
    assert error.value.status == status
    assert stored(store) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_provider_may_be_asked_again(store: Path, status: int) -> None:
    with Peer(answering(PNG, status=f"{status} No")) as peer, pytest.raises(files.ResultUnreachable):
        receive(peer.url())
    assert stored(store) == []


@pytest.mark.parametrize("goal", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", None])
def test_a_redirect_is_refused(store: Path, goal: str | None) -> None:
    with Peer(answering(PNG)) as inside:
        elsewhere = f"Location: {goal or inside.url()}\r\n"
        with Peer(answering(b"", status="302 Found", headers=elsewhere)) as peer, pytest.raises(files.ResultRefused):
            receive(peer.url())
        assert inside.connections == 0
    assert stored(store) == []


def test_an_address_inside_is_refused(store: Path, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = ()
    with Peer(answering(PNG)) as peer:
        for url in (peer.url(), "https://127.0.0.1/a", "file:///etc/passwd", "https://169.254.169.254/"):
            with pytest.raises(files.ResultRefused):
                receive(url)
        assert peer.connections == 0


BAD: dict[str, Callable[[Path], bytes]] = {
    "html": lambda tmp: b"<!doctype html><h1>Your result</h1>" * 100,
    "empty": lambda tmp: b"",
    "json": lambda tmp: b'{"error":"expired"}',
    "film": lambda tmp: corpus.film(tmp / "a.mp4").read_bytes(),
    "gif": lambda tmp: corpus.animation("GIF", 3),
    "svg": lambda tmp: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "cut": lambda tmp: PNG[: len(PNG) // 2],
    "flood": lambda tmp: corpus.png_claiming(60_000, 60_000),
    "head only": lambda tmp: PNG[:40],
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_not_stored(store: Path, tmp_path: Path, name: str) -> None:
    with Peer(answering(BAD[name](tmp_path))) as peer, pytest.raises(files.ResultBad):
        receive(peer.url())
    assert stored(store) == []


@pytest.mark.parametrize("name", ["picture", "cut", "html"])
def test_what_is_no_film_is_not_stored(store: Path, tmp_path: Path, name: str) -> None:
    film = corpus.film(tmp_path / "a.mp4").read_bytes()
    data = {"picture": PNG, "cut": film[: len(film) // 2], "html": b"<html>"}[name]
    with Peer(answering(data)) as peer, pytest.raises(files.ResultBad):
        receive(peer.url(), kind="video")
    assert stored(store) == []


def endless(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + PNG)
    while not connection.over.is_set():
        connection.send(b"a" * 65536)


def ten_gigabytes(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + PNG)
    connection.hang()


def promises_more(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + PNG[:500])


def drips(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")
    connection.drip(PNG, every=0.2)


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (endless, files.ResultTooLarge),
        (ten_gigabytes, files.ResultTooLarge),
        (promises_more, files.ResultUnreachable),
        (drips, files.ResultUnreachable),
    ],
)
def test_a_hostile_sender_leaves_nothing(store: Path, handler: Handler, error: type[Exception]) -> None:
    with Peer(handler) as peer, within(5.9), pytest.raises(error):
        receive(peer.url(), deadline=3, max_bytes=1_000_000)
    assert stored(store) == []


def test_a_closed_port_and_an_unknown_name_are_unreachable(store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "https://no-such-host.invalid/a.png"):
        with pytest.raises(files.ResultUnreachable) as error:
            receive(url)
        assert "invalid" not in str(error.value)
    assert stored(store) == []


def test_a_result_of_exactly_the_cap_comes_in(store: Path) -> None:
    with Peer(answering(PNG)) as peer:
        assert receive(peer.url(), max_bytes=len(PNG)).bytes == len(PNG)
        with pytest.raises(files.ResultTooLarge):
            receive(peer.url(), max_bytes=len(PNG) - 1)


def test_our_own_disk_is_not_the_results_fault(store: Path) -> None:
    store.mkdir()
    (store / "teams").write_text("a file where a folder should be")
    with Peer(answering(PNG)) as peer, pytest.raises(files.StorageDown) as error:
        receive(peer.url())
    assert not isinstance(error.value, files.ResultError)
    assert stored(store) == ["teams"]
