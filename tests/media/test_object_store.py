"""The same verbs on an S3 kind of storage, which is played by a small server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponseRedirect
from django.test import RequestFactory

from generations import files
from generations.media_views import media as view
from project.media_links import signed_url
from tests.media import corpus
from tests.net.peers import Connection, Peer, answering

PNG = corpus.encode(corpus.noise(60, 40), "PNG")


class Bucket:
    """What was put, by path."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = False

    def __call__(self, connection: Connection) -> None:
        head, _, body = connection.request().partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        if self.down:
            connection.send(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        if method == "PUT":
            self.objects[urlsplit(path).path] = body
        connection.send(b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')


@pytest.fixture
def bucket(settings: Any) -> Iterator[Bucket]:
    bucket = Bucket()
    with Peer(bucket) as peer:
        options = {
            "bucket_name": "frames",
            "endpoint_url": peer.url(""),
            "access_key": "a",
            "secret_key": "b",
            "region_name": "eu-central-1",
            "file_overwrite": True,
            "querystring_auth": True,
        }
        settings.STORAGES = settings.STORAGES | {
            "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        }
        yield bucket


def test_a_result_is_put_under_its_name(bucket: Bucket) -> None:
    with Peer(answering(PNG)) as peer:
        for _ in range(2):
            got = files.receive(peer.url(), kind="image", name_stem="teams/1/a/0", deadline=5)
    assert got.name == "teams/1/a/0.png"
    assert sorted(bucket.objects) == ["/frames/teams/1/a/0.png", "/frames/teams/1/a/0.preview.webp"]
    assert PNG in bucket.objects["/frames/teams/1/a/0.png"]


def test_a_store_that_is_down_is_not_the_results_fault(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    bucket.down = True
    with Peer(answering(PNG)) as peer, pytest.raises(files.StorageDown):
        files.receive(peer.url(), kind="image", name_stem="teams/1/a/0", deadline=5)


def test_a_link_leads_to_the_stores_own_link(bucket: Bucket) -> None:
    url = signed_url("teams/1/a/0.mp4", lifetime_seconds=600, filename="film.mp4")
    parts = urlsplit(url)
    request = RequestFactory().get(f"{parts.path}?{parts.query}")
    response = view(request, "teams/1/a/0.mp4")
    assert isinstance(response, HttpResponseRedirect)
    goal = urlsplit(response.url)
    query = parse_qs(goal.query)
    assert goal.path == "/frames/teams/1/a/0.mp4"
    assert query["response-content-type"] == ["video/mp4"]
    assert query["response-content-disposition"] == ['attachment; filename="film.mp4"']
    assert "X-Amz-Signature" in query or "Signature" in query
