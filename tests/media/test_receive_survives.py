"""Faults rows 22 and 26: a killed download harms nothing, and a large one needs no memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from generations import files
from tests.media import corpus
from tests.media.conftest import stored
from tests.net.peers import Connection, Peer, answering

SCRIPT = """
import resource, sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x" * 50,
    SITE_URL="https://frame.example.com",
    OUTBOUND_ALLOW_HOSTS=("127.0.0.1",),
    MEDIA_ROOT=sys.argv[1],
)
django.setup()
from generations import files
for url in sys.argv[2:]:
    got = files.receive(url, kind="video", name_stem="teams/1/a/0", deadline=140)
    print(got.bytes, got.sha256, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
"""
ROOT = Path(files.__file__).resolve().parent.parent


def run(store: Path, *urls: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(store), *urls], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_kill_in_the_middle_leaves_no_name_and_the_next_run_cleans_up(store: Path, tmp_path: Path) -> None:
    padding = (8 + 1_000_000).to_bytes(4) + b"free" + bytes(1_000_000)
    data = corpus.film(tmp_path / "a.mp4").read_bytes() + padding

    def halts(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data[:-1])
        connection.hang()

    with Peer(halts) as peer, run(store, peer.url()) as process:
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size for path in store.rglob("*.part")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    left = stored(store)
    assert len(left) == 1
    assert left[0].endswith(".part")
    with Peer(answering(data)) as peer:
        files.receive(peer.url(), kind="video", name_stem="teams/1/a/0", deadline=5)
        assert left[0] in stored(store)  # young: it could be another worker's
        os.utime(store / left[0], (1, 1))
        files.receive(peer.url(), kind="video", name_stem="teams/1/a/0", deadline=5)
    assert stored(store) == ["teams/1/a/0.mp4", "teams/1/a/0.preview.webp"]
    assert (store / "teams/1/a/0.mp4").read_bytes() == data


def test_a_large_film_needs_little_memory(store: Path, tmp_path: Path) -> None:
    film = corpus.film(tmp_path / "a.mp4").read_bytes()
    padding = 300 * 1024 * 1024
    block = bytes(1024 * 1024)

    def sends(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(film) + 8 + padding))
        connection.send(film + (padding + 8).to_bytes(4) + b"free")
        for _ in range(300):
            connection.send(block)

    with Peer(answering(film)) as small, Peer(sends) as large:
        with run(store, small.url(), large.url()) as process:
            output, _ = process.communicate(timeout=160)
        assert process.returncode == 0
    (_, _, before), (size, _, after) = (line.split() for line in output.splitlines())
    assert int(size) == len(film) + 8 + padding
    assert int(after) - int(before) < 64 * 1024  # kB; the cap on a film's length is 500 MB
