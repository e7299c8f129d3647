"""Faults rows 79 and 83: stored files for who holds a link, whole or in part, and as nothing but media."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import time_machine
from django.test import RequestFactory

from generations import files, media
from generations.media_views import LinkGone
from generations.media_views import media as view
from project.errors import NotFound
from project.media_links import LinkExpired, signed_url, verify
from tests.media import corpus

# Closing a response looks at the database connections, where an earlier test has left some.
pytestmark = pytest.mark.django_db

NAME = "teams/7/uploads/0af3.png"
NOON = "2026-11-21T12:10:00Z"


@pytest.fixture
def data() -> bytes:
    return media.clean_upload(corpus.encode(corpus.noise(40, 30), "PNG")).bytes


@pytest.fixture
def url(store: Path, data: bytes) -> str:
    files.save_upload(media.clean_upload(data), NAME)
    return signed_url(NAME, lifetime_seconds=3600)


def get(url: str, method: str = "GET", **headers: str) -> Any:
    parts = urlsplit(url)
    request = RequestFactory().generic(method, f"{parts.path}?{parts.query}", headers=headers)
    response: Any = view(request, parts.path.removeprefix("/media/"))
    response.sent = b"".join(response) if response.streaming else response.content
    response.close()
    return response


def body(response: Any) -> bytes:
    return bytes(response.sent)


def changed(url: str, **query: str) -> str:
    parts = urlsplit(url)
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | query)).geturl()


def test_a_link_gives_the_file_as_media_and_nothing_else(url: str, data: bytes) -> None:
    assert url.startswith(f"https://frame.example.com/media/{NAME}?expires=")
    response = get(url)
    assert response.status_code == 200
    assert body(response) == data
    assert response["Content-Type"] == "image/png"
    assert response["Content-Length"] == str(len(data))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Content-Disposition"] == 'inline; filename="0af3.png"'
    assert re.fullmatch(r"private, max-age=\d+", response["Cache-Control"])
    assert response["Accept-Ranges"] == "bytes"


def test_a_download_has_the_name_that_was_signed(url: str) -> None:
    link = signed_url(NAME, lifetime_seconds=60, filename='a "fine" ünit\r\nX: y.png')
    header = get(link)["Content-Disposition"]
    assert header.startswith("attachment; filename*=utf-8''a%20%22fine%22%20%C3%BCnit%0D%0AX")
    with pytest.raises(NotFound):
        get(changed(link, filename="evil.html"))
    with pytest.raises(NotFound):
        get(changed(url, filename="evil.html"))


def test_head_tells_the_same_without_the_body(url: str, data: bytes) -> None:
    response = get(url, "HEAD")
    assert (response.status_code, body(response), response["Content-Length"]) == (200, b"", str(len(data)))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_but_reading_is_allowed(url: str, method: str) -> None:
    assert get(url, method).status_code == 405


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=100-", 100, None), ("bytes=-7", -7, None),
     ("bytes=0-99999999", 0, None), ("bytes=-99999999", 0, None)],
)  # fmt: skip
def test_a_range_is_served(url: str, data: bytes, asked: str, start: int, stop: int | None) -> None:
    response = get(url, Range=asked)
    wanted = data[start:stop]
    assert response.status_code == 206
    assert body(response) == wanted
    first = start if start >= 0 else len(data) + start
    assert response["Content-Range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(data)}"
    assert response["Content-Length"] == str(len(wanted))


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-999999990"])
def test_a_range_beyond_the_end_is_416(url: str, data: bytes, asked: str) -> None:
    response = get(url, Range=asked)
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(data)}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-9", "lines=1-2", "bytes=9-2", "bytes=a-b", "bytes", ""])
def test_a_range_that_is_not_served_gives_the_whole_file(url: str, data: bytes, asked: str) -> None:
    response = get(url, Range=asked)
    assert (response.status_code, body(response)) == (200, data)


def test_a_known_version_is_not_sent_again(url: str, data: bytes) -> None:
    etag = get(url)["ETag"]
    unchanged = get(url, **{"If-None-Match": etag})
    assert (unchanged.status_code, body(unchanged), unchanged["ETag"]) == (304, b"", etag)
    assert get(url, **{"If-None-Match": '"other"'}).status_code == 200
    assert get(url, Range="bytes=0-4", **{"If-Range": etag}).status_code == 206
    assert get(url, Range="bytes=0-4", **{"If-Range": '"other"'}).status_code == 200


def test_a_forged_link_gives_nothing(url: str) -> None:
    parts = urlsplit(url)
    signature = dict(parse_qsl(parts.query))["signature"]
    swapped = signature[:-2] + ("aa" if signature[-2:] != "aa" else "bb")
    for forged in (
        changed(url, signature=swapped),
        changed(url, signature=""),
        changed(url, signature="é"),
        changed(url, expires="99999999999"),
        changed(url, expires="٣"),
        changed(url, expires=""),
        changed(url, expires="9" * 5000),
        parts._replace(path=f"/media/{NAME.replace('0af3', '0af4')}").geturl(),
        parts._replace(path="/media/../../etc/passwd").geturl(),
        parts._replace(query="").geturl(),
    ):
        with pytest.raises(NotFound):
            get(forged)


def test_a_removed_file_is_gone_whatever_the_link_says(url: str) -> None:
    files.delete(NAME)
    files.delete(NAME)
    with pytest.raises(NotFound):
        get(url)


def test_a_name_that_is_no_media_is_not_served(store: Path) -> None:
    (store / "teams").mkdir(parents=True)
    (store / "teams/a.html").write_text("<script>")
    with pytest.raises(NotFound):
        get(signed_url("teams/a.html", lifetime_seconds=60))


def test_a_link_is_stable_within_the_hour_and_lives_long_enough() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = signed_url(NAME, lifetime_seconds=3600)
        clock.shift(40 * 60)
        assert signed_url(NAME, lifetime_seconds=3600) == first
        clock.shift(20 * 60 + 3600 - 40 * 60 - 20 * 60 - 1)
        assert linked(first) == NAME  # an hour after it was made, less a second
        clock.move_to("2026-11-21T13:59:59Z")
        assert linked(first) == NAME
        clock.move_to("2026-11-21T14:00:00Z")
        with pytest.raises(LinkExpired):
            linked(first)
        with pytest.raises(LinkGone) as gone:
            get(first)
        assert gone.value.status == 410


def test_a_new_secret_ends_links_unless_the_old_one_is_kept(settings: Any) -> None:
    old = signed_url(NAME, lifetime_seconds=60)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 50
    assert linked(old) == NAME
    settings.SECRET_KEY_FALLBACKS = []
    parts = urlsplit(old)
    assert verify(NAME, dict(parse_qsl(parts.query))) is None


def linked(url: str) -> str:
    parts = urlsplit(url)
    link = verify(parts.path.removeprefix("/media/"), dict(parse_qsl(parts.query)))
    assert link is not None
    return link.name
