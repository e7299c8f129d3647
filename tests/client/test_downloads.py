"""A file is whole and as described, or not there; the key is not sent to where it lies; names are our own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from framehouse import DownloadError
from framehouse.reading import read
from framehouse.shapes import Generation

from tests.client.conftest import Connect
from tests.client.peer import Act, Drop, Peer, Say

DATA = b"a film" * 40_000
FILM = Say(200, DATA, {"Content-Type": "video/mp4"})


def told(*urls: str, data: bytes = DATA, public_id: str = "gen_1", **more: Any) -> dict[str, Any]:
    """A generation's JSON with an output at each address."""
    output = {"content_type": "video/mp4", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **more}
    outputs = [{**output, "url": url} for url in urls]
    return {"id": public_id, "status": "succeeded", "outputs": outputs}


def generation(*urls: str, **more: Any) -> Generation:
    return read(Generation, told(*urls, **more))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_output_in_order_and_without_the_key(peer: Peer, connect: Connect, tmp_path: Path) -> None:
    other = Peer()
    try:
        other.then = FILM
        peer.acts = [Say(302, headers={"Location": f"{other.url}/there"})]
        peer.then = FILM
        found = generation(f"{peer.url}/media/a.mp4?signature=x", f"{peer.url}/media/b.mp4")
        paths = connect(peer.url, "fh_live_secret").download(found, tmp_path)
        assert [path.name for path in paths] == ["gen_1-1.mp4", "gen_1-2.mp4"]
        assert files(tmp_path) == {"gen_1-1.mp4": DATA, "gen_1-2.mp4": DATA}
        assert [one.path for one in (*peer.heard, *other.heard)] == [
            "/media/a.mp4?signature=x",
            "/media/b.mp4",
            "/there",
        ]
        assert not any("authorization" in one.headers or "fh_live" in str(one) for one in (*peer.heard, *other.heard))
    finally:
        other.stop()


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Say(200, DATA[:-1]), "not the one"),
        (Say(200, DATA + b"x"), "longer"),
        (Say(200, DATA[:-1] + b"!"), "not the one"),
        (Say(200, b""), "not the one"),
        (Say(206, DATA), "206"),
        (Say(500, DATA), "500"),
        (Say(302, headers={"Location": "ftp://example.com/x"}), "did not come"),
    ],
)
def test_what_is_not_as_described_is_not_kept(
    act: Act, said: str, peer: Peer, connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "gen_1-1.mp4").write_bytes(b"from before")
    peer.then = act
    with pytest.raises(DownloadError, match=said):
        connect(peer.url).download(generation(f"{peer.url}/a"), tmp_path)
    assert files(tmp_path) == {"gen_1-1.mp4": b"from before"}


@pytest.mark.parametrize(
    "act", [Drop(), Say(200, DATA, cut=True), Say(503), Say(502), Say(429)], ids=lambda a: str(a)[:20]
)
def test_a_broken_transfer_begins_again(act: Act, peer: Peer, connect: Connect, tmp_path: Path) -> None:
    peer.acts, peer.then = [act, act], FILM
    (path,) = connect(peer.url).download(generation(f"{peer.url}/a"), tmp_path)
    assert path.read_bytes() == DATA
    assert len(peer.heard) == 3
    peer.then, peer.heard[:] = act, []
    with pytest.raises(DownloadError):
        connect(peer.url, max_retries=2).download(generation(f"{peer.url}/a"), tmp_path)
    assert len(peer.heard) == 3
    assert files(tmp_path) == {"gen_1-1.mp4": DATA}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_address_whose_time_is_over_is_asked_for_again_once(
    status: int, peer: Peer, connect: Connect, tmp_path: Path
) -> None:
    fresh = told(f"{peer.url}/new/a", f"{peer.url}/new/b")
    peer.acts = [Say(status), Say(200, fresh), FILM, FILM]
    stale = generation(f"{peer.url}/old/a", f"{peer.url}/old/b")
    assert len(connect(peer.url).download(stale, tmp_path)) == 2
    assert [one.path for one in peer.heard] == ["/old/a", "/api/v1/generations/gen_1", "/new/a", "/new/b"]

    peer.acts, peer.heard[:] = [FILM, Say(status), Say(200, fresh), Say(status)], []
    with pytest.raises(DownloadError, match=str(status)):
        connect(peer.url).download(stale, tmp_path)
    assert [one.path for one in peer.heard] == ["/old/a", "/old/b", "/api/v1/generations/gen_1", "/new/b"]

    peer.acts, peer.heard[:] = [Say(status), Say(200, fresh), FILM, Say(status)], []
    with pytest.raises(DownloadError, match=str(status)):
        connect(peer.url).download(stale, tmp_path)
    assert [one.path for one in peer.heard] == ["/old/a", "/api/v1/generations/gen_1", "/new/a", "/new/b"]


@pytest.mark.parametrize("public_id", ["../evil", "/etc/evil", "a/b", "", "gen_1\n", "..", "a\\b", "x" * 99])
def test_nothing_that_a_server_says_makes_a_path(public_id: str, peer: Peer, connect: Connect, tmp_path: Path) -> None:
    peer.then = FILM
    folder = tmp_path / "in"
    with pytest.raises(DownloadError, match="no id"):
        connect(peer.url).download(generation(f"{peer.url}/a", public_id=public_id), folder)
    assert list(tmp_path.iterdir()) == []
    named = generation(f"{peer.url}/../../x.sh", content_type="../../../etc/passwd")
    peer.then = Say(200, DATA, {"Content-Disposition": 'attachment; filename="../../x.sh"'})
    (path,) = connect(peer.url).download(named, folder)
    assert path == folder / "gen_1-1.bin"
    assert [one.name for one in tmp_path.rglob("*")] == ["in", "gen_1-1.bin"]


def test_a_link_in_the_way_is_replaced_and_not_followed(peer: Peer, connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"precious")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "gen_1-1.mp4").symlink_to(tmp_path / "outside")
    peer.then = FILM
    (path,) = connect(peer.url).download(generation(f"{peer.url}/a"), folder)
    assert not path.is_symlink()
    assert (path.read_bytes(), (tmp_path / "outside").read_bytes()) == (DATA, b"precious")


def test_only_what_succeeded_has_files(peer: Peer, connect: Connect, tmp_path: Path) -> None:
    for status in ("queued", "running", "failed", "canceled"):
        with pytest.raises(DownloadError, match=status):
            connect(peer.url).download(read(Generation, {"id": "gen_1", "status": status}), tmp_path)
    assert connect(peer.url).download(generation(), tmp_path) == []
    assert peer.heard == []
