"""POST /uploads: one image in, and its url or id in an image field (design section 6, faults.md rows 78, 79)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from generations.models import Generation, Upload
from tests.api.shapes import UPLOAD, problem

MEGABYTE = 1024 * 1024


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


def part(data: bytes, name: str = "a.png", content_type: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type=content_type)


def send(client: Client, key: str, **parts: Any) -> Any:
    return client.post("/api/v1/uploads", parts, headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize(("kind", "type_"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_an_upload_has_exactly_these_fields(world: Any, client: Client, kind: str, type_: str) -> None:
    response = send(client, world.key, file=part(picture(kind), "whatever.gif", "text/html"))
    body = response.json()
    assert response.status_code == 201
    assert set(body) == UPLOAD
    assert body["id"].startswith("upl_")
    assert (body["content_type"], body["width"], body["height"]) == (type_, 64, 48)
    assert body["url"].startswith("http://localhost:8000/media/teams/")
    assert response["Location"] == f"http://localhost:8000/api/v1/uploads/{body['id']}"
    assert Upload.objects.get().team == world.team


@pytest.mark.parametrize("name", ["url", "id"])
def test_it_may_stand_in_an_image_field(world: Any, client: Client, api: Any, name: str) -> None:
    upload = send(client, world.key, file=part(picture())).json()
    ask = {"model": "kling-2.1-pro", "input": {"prompt": "x", "image_url": upload[name]}}
    made = api("post", "/generations", ask, key=world.key)
    assert made.status_code == 201, made.content
    assert made.json()["input"]["image_url"] == upload["id"]
    quote = api("post", "/quotes", {**ask, "input": {**ask["input"], "image_url": upload["id"]}}, key=world.key).json()
    other = "id" if name == "url" else "url"
    again = {**ask, "input": {**ask["input"], "image_url": upload[other]}, "quote": quote["id"]}
    assert api("post", "/generations", again, key=world.key).status_code == 201


@pytest.mark.parametrize("name", ["url", "id"])
def test_another_teams_upload_is_none(world: Any, client: Client, api: Any, name: str) -> None:
    theirs = send(client, world.other_key, file=part(picture())).json()
    ask = {"model": "nano-banana-edit", "input": {"prompt": "x", "image_urls": [theirs[name]]}}
    problem(api("post", "/generations", ask, key=world.key), 422, "invalid", "input.image_urls.0")
    assert not Generation.objects.exists()


def test_a_file_that_is_no_image_is_refused(world: Any, client: Client) -> None:
    damaged = picture()[:-30]
    for data in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a" + b"\0" * 40, b"%PDF-1.7", damaged):
        problem(send(client, world.key, file=part(data)), 422, "invalid", "file")
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("parts", "paths"),
    [
        ({}, ("file",)),
        ({"image": "x"}, ("file", "image")),
        ({"file": "not a file"}, ("file",)),
        ({"file": [part(picture()), part(picture())]}, ("file",)),
        ({"file": part(picture()), "team": "7"}, ("team",)),
        ({"file": part(picture()), "other": part(picture())}, ("other",)),
    ],
)
def test_it_takes_one_part_named_file(world: Any, client: Client, parts: Any, paths: tuple[str, ...]) -> None:
    problem(send(client, world.key, **parts), 422, "invalid", *paths)
    assert not Upload.objects.exists()


def test_ten_megabytes_are_the_most(world: Any, client: Client) -> None:
    problem(send(client, world.key, file=part(b"\x89PNG" * (10 * MEGABYTE // 4))), 422, "invalid", "file")
    problem(send(client, world.key, file=part(b"x" * (10 * MEGABYTE + 1))), 413, "too_large", "file")
    problem(send(client, world.key, file=part(b"x" * (11 * MEGABYTE))), 413, "too_large", "file")
    assert not Upload.objects.exists()


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "application/x-www-form-urlencoded", ""])
def test_it_takes_multipart_only(world: Any, client: Client, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {world.key}"}
    response = client.generic("POST", "/api/v1/uploads", picture(), content_type=content_type, headers=headers)
    problem(response, 415, "unsupported_media_type")


HEAD = b'--b\r\nContent-Disposition: form-data; name="%d"'
BROKEN = [
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=", b"x"),
    ("multipart/form-data; boundary=\xff", b"x"),
    ("multipart/form-data; boundary=b", b"--b\r\n" * 500),
    ("multipart/form-data; boundary=b", HEAD % 1 + b"\r\n\r\n" + b"x" * 400_000),
    ("multipart/form-data; boundary=b", b"".join(HEAD % n + b"\r\n\r\nx\r\n" for n in range(300)) + b"--b--"),
    (
        "multipart/form-data; boundary=b",
        b"".join(HEAD % n + b'; filename="f"\r\n\r\nx\r\n' for n in range(150)) + b"--b--",
    ),
]


@pytest.mark.parametrize(("content_type", "body"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_multipart_body_gets_a_code(world: Any, client: Client, content_type: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {world.key}"}
    response = client.generic("POST", "/api/v1/uploads", body, content_type=content_type, headers=headers)
    assert response.status_code in (400, 413, 422), response.content
    assert response["Content-Type"] == "application/problem+json"


def test_it_needs_a_key(world: Any, client: Client) -> None:
    response = client.post("/api/v1/uploads", {"file": part(picture())})
    problem(response, 401, "unauthenticated")


def test_a_length_that_is_no_number_is_no_body(world: Any, client: Client) -> None:
    headers = {"Authorization": f"Bearer {world.key}"}
    response = client.generic(
        "POST", "/api/v1/uploads", b"x", "multipart/form-data; boundary=b", headers=headers, CONTENT_LENGTH="abc"
    )
    problem(response, 422, "invalid", "file")
