"""Images are stored as they are chosen: who may, what fits, whose it is, and one sentence when it does not go."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Team
from generations import uploads
from generations.models import Upload
from tests.pages.conftest import picture
from tests.pages.parsing import read
from tests.world import World

URL = "/studio/uploads"


def send(client: Client, file: Any = None) -> Any:
    return client.post(URL, {"file": file} if file else {})


def refused(client: Client, status: int, file: Any = None) -> str:
    response = send(client, file)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    detail: str = response.json()["detail"]
    return detail


def test_a_chosen_image_becomes_an_upload_that_the_form_takes(alice: Client, world: World) -> None:
    response = send(alice, picture())
    row = Upload.objects.get()
    answer = response.json()
    assert response.status_code == 201
    assert answer["id"] == row.public_id
    assert answer["url"].startswith(f"/media/{row.name}?"), "a signed address on this host: the policy allows no other"
    assert answer["note"].startswith("320 × 320, kept until ")  # noqa: RUF001 - the sign
    assert row.team == world.team
    form = {"do": "price", "prompt": "x", "image_url": row.public_id, "duration": "5", "cfg_scale": "0.5"}
    page = read(alice.post("/studio/kling-2.5-turbo-pro", form))
    assert page.one("img").attrs["src"].startswith(f"/media/{row.name}?")
    assert "Still needed" not in page.words


def test_what_is_no_image_is_said_by_its_name(alice: Client) -> None:
    sentence = refused(alice, 422, SimpleUploadedFile("a.png", b"<svg onload=alert(1)>", content_type="image/png"))
    assert sentence.startswith("“a.png” cannot be used: ")
    assert not Upload.objects.exists()


def test_a_form_without_a_file_is_refused(alice: Client) -> None:
    assert refused(alice, 422) == "Choose an image first."
    assert alice.post(URL, {"file": "text"}).status_code == 422


def test_a_file_above_the_most_is_refused_and_not_kept(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 100)
    assert refused(alice, 413, picture()) == "“fox.png” cannot be used: larger than 10 MB"
    assert not Upload.objects.exists()


def test_a_full_quota_says_how_much_and_when_room_comes(alice: Client, settings: Any) -> None:
    settings.UPLOAD_QUOTA_FILES = 1
    assert send(alice, picture()).status_code == 201
    sentence = refused(alice, 409, picture(color="blue"))
    assert "1 of at most 1 uploads" in sentence
    assert sentence.endswith("each goes by itself 30 days after its last use")


def test_a_suspended_team_stores_nothing(alice: Client, world: World) -> None:
    Team.objects.filter(pk=world.team.pk).update(status="suspended")
    assert "suspended" in refused(alice, 403, picture())
    assert not Upload.objects.exists()


def test_a_viewer_stores_nothing(world: World, browser: Any) -> None:
    assert "needs the permission" in refused(browser(world.carol), 403, picture())
    assert not Upload.objects.exists()


def test_nobody_is_sent_to_sign_in_and_a_foreign_page_is_refused(client: Client, world: World) -> None:
    assert send(client, picture()).headers["Location"].startswith("/accounts/login/")
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert send(careful, picture()).status_code == 403
    assert not Upload.objects.exists()


def test_the_last_uploads_are_the_team_s_alone_newest_first(world: World, alice: Client, browser: Any) -> None:
    mine = [send(alice, picture(color=color)).json()["id"] for color in ("red", "green", "blue")]
    send(browser(world.mallory), picture(color="black"))
    page = read(alice.get(URL))
    assert [e.attrs["data-upload"] for e in page.all("button")] == mine[::-1]
    assert len(page.all("img")) == 3
    assert len(read(browser(world.mallory).get(URL)).all("img")) == 1


def test_the_strip_is_short_however_many_there_are(alice: Client, world: World, count_queries: Any) -> None:
    assert "No uploads yet" in read(alice.get(URL)).words
    send(alice, picture())
    one = count_queries(lambda: alice.get(URL))
    first = Upload.objects.get()
    for place in range(8):
        Upload.objects.create(
            team=world.team,
            name=f"{place}.png",
            content_type="image/png",
            bytes=1,
            sha256=first.sha256,
            width=1,
            height=1,
        )
    assert count_queries(lambda: alice.get(URL)) == one
    assert len(read(alice.get(URL)).all("img")) == 6
