"""The zip and a deletion on an S3 kind of storage, which is played by a small server on loopback."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from generations import archive, files, removals
from generations.models import Generation, Removal
from tests.net.peers import Connection, Peer
from tests.pages.conftest import delivered
from tests.world import World

OK = 'HTTP/1.1 {status}\r\nETag: "a"\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n'


class Bucket:
    """What lies there, by path."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = False

    def __call__(self, connection: Connection) -> None:
        head, _, _ = connection.request().partition(b"\r\n\r\n")
        method, address, _ = head.split(b"\r\n")[0].decode().split(" ")
        path = urlsplit(address).path
        data, status = self.objects.get(path, b""), "200 OK" if path in self.objects else "404 Not Found"
        if self.down:
            data, status = b"", "503 Slow Down"
        elif method == "DELETE":
            self.objects.pop(path, None)
            data, status = b"", "204 No Content"
        connection.send(OK.format(status=status, length=len(data)).encode() + (data if method == "GET" else b""))


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    bucket = Bucket()
    with Peer(bucket) as peer:
        options = {
            "bucket_name": "frames",
            "endpoint_url": peer.url(""),
            "access_key": "a",
            "secret_key": "b",
            "region_name": "eu-central-1",
            "max_memory_size": 1024,
        }
        storage = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        settings.STORAGES = settings.STORAGES | {"default": storage}
        yield bucket


def test_its_objects_are_zipped_and_deleted(bucket: Bucket, world: World, make: Callable[..., Generation]) -> None:
    row, lost = delivered(make()), delivered(make())
    names = [name for each in row.outputs.all() for name in (each.name, each.preview)]
    bucket.objects = {f"/frames/{name}": b"f" * 4096 for name in names}
    made = archive.of([row, lost])
    found = zipfile.ZipFile(io.BytesIO(b"".join(made.pieces)))
    film, contents = found.namelist()
    assert (found.read(film), contents) == (b"f" * 4096, "contents.csv")
    assert b"missing in our storage" in found.read("contents.csv")
    removals.remove(actor=world.actor(world.bob), generations=[row, lost])
    bucket.down = True
    assert removals.drop_files() == 0
    with pytest.raises(files.StorageDown):
        files.size(names[0])
    bucket.down = False
    Removal.objects.update(next_try_at=Removal.objects.earliest("removed_at").removed_at)
    assert removals.drop_files() == 2
    assert bucket.objects == {}
