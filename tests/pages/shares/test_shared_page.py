"""The page that a share link opens: results for anybody, nothing of the team, and a calm page when it has ended."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import time_machine
from django.test import Client

from accounts.models import Team, TeamStatus
from generations import share_queries, shares
from generations.models import Generation, Removal, Share
from project import db
from tests.pages.conftest import Browser, delivered
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]
HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(1)>"
HOUR = timedelta(hours=1)


def shared(world: World, row: Generation, days: int = 7, *, shows_inputs: bool = False) -> Share:
    return shares.make(by=world.actor(world.bob), generation=row, days=days, shows_inputs=shows_inputs)


def path(share: Share) -> str:
    return f"/s/{shares.token(share)}"


def opened(client: Client, share: Share, status: int = 200) -> Page:
    return read(client.get(path(share)), status)


def files(page: Page) -> list[str]:
    found = [value for e in page.elements for value in e.attrs.values() if value.startswith("/media/")]
    assert found
    return found


def test_results_are_large_and_can_be_kept(client: Client, world: World, make: Make) -> None:
    row = delivered(make(prompt="a secret plan"))
    page = opened(client, shared(world, row))
    assert page.one("h1").text == "Veo 3.1 Fast"
    video = page.one("video")
    assert video.attrs["src"].startswith(f"/media/teams/{row.team_id}/{row.pk}/0.mp4?")
    assert video.attrs["poster"].startswith("/media/")
    (download,) = [e for e in page.all("a") if e.text.strip() == "Download"]
    assert f"filename=veo-3.1-fast-{row.public_id[-8:]}-1.mp4" in download.attrs["href"]
    assert [e.text for e in page.all("a", href="/")] == ["Framehouse", "Framehouse"]  # above, and "Made with"
    assert row.finished_at is not None
    assert f"{row.finished_at.day} {row.finished_at:%B %Y}" in page.words


def test_nothing_else_is_told(client: Client, world: World, browser: Browser, make: Make) -> None:
    """To nobody: not to strangers, not to members of another team, not to its own."""
    row = delivered(make(prompt="a secret plan"))
    share = shared(world, row)
    with time_machine.travel(datetime.now(UTC), tick=False):  # links to files change every five minutes
        pages = [client.get(path(share)), *(browser(user).get(path(share)) for user in (world.mallory, world.alice))]
    for response in pages:
        assert response.content == pages[0].content
        page = read(response)
        told = re.sub(r"signature=[\w-]+", "", page.html)  # letters by chance
        for secret in ("secret plan", "Studio", "bob", "alice", "credits", "$", row.public_id, share.public_id):
            assert secret not in told, secret
        assert page.all("form") == []


def test_headers_keep_the_address_a_secret(client: Client, world: World, make: Make) -> None:
    share = shared(world, delivered(make()))
    for response in (client.get(path(share)), client.get(path(share) + "x"), client.head(path(share))):
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response.headers["Cache-Control"]
        assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert client.post(path(share)).status_code == 405


def test_prompt_and_settings_only_when_they_were_chosen_and_never_images(
    client: Client, world: World, make: Make
) -> None:
    images = {"image_urls": ["https://img.example/of-somebody.png"], "max_images": 2}
    row = delivered(make("seedream-v4-edit", prompt=HOSTILE, **images), outputs=2)
    plain, telling = shared(world, row), shared(world, row, shows_inputs=True)
    assert "alert" not in opened(client, plain).text
    page = opened(client, telling)
    assert HOSTILE in page.text
    assert "of-somebody" not in page.html
    assert "Images" not in page.texts("dt")
    assert len(page.all("figure")) == 2


def test_files_can_be_fetched_for_an_hour_at_most_and_not_beyond_the_end(
    client: Client, world: World, make: Make
) -> None:
    row = delivered(make())
    long = shared(world, row)
    with time_machine.travel(datetime(2026, 11, 22, 12, 59, 59, tzinfo=UTC), tick=False):
        until = {int(parse_qs(urlsplit(url).query)["expires"][0]) for url in files(opened(client, long))}
    (moment,) = until
    assert datetime.fromtimestamp(moment, UTC) == datetime(2026, 11, 22, 13, 55, tzinfo=UTC)
    ending = Share.objects.create(
        team=world.team, generation=row, created_by="x", expires_at=db.now() + timedelta(minutes=7)
    )
    until = {int(parse_qs(urlsplit(url).query)["expires"][0]) for url in files(opened(client, ending))}
    assert until == {int(ending.expires_at.timestamp())}


def test_a_file_is_served_by_the_links_address_and_not_after_it(
    client: Client, world: World, make: Make, settings: Any
) -> None:
    row = delivered(make())
    place = settings.MEDIA_ROOT / f"teams/{row.team_id}/{row.pk}"
    place.mkdir(parents=True)
    (place / "0.mp4").write_bytes(b"film")
    share = shared(world, row)
    url = opened(client, share).one("video").attrs["src"]
    assert b"".join(client.get(url)) == b"film"
    shares.revoke(by=world.actor(world.bob), share=share)
    with time_machine.travel(datetime.now(UTC) + HOUR + timedelta(seconds=1), tick=False):
        assert client.get(url).status_code == 410
    assert client.get(url.replace("0.mp4", "1.mp4")).status_code == 404


def ended(world: World, row: Generation) -> Share:
    moment = db.now()
    return Share.objects.create(
        team=world.team,
        generation=row,
        created_by="x",
        created_at=moment - 2 * HOUR,
        expires_at=moment - timedelta(seconds=1),
    )


def test_what_has_ended_says_so_calmly(client: Client, world: World, make: Make) -> None:
    row = delivered(make())
    late, taken_back, open_ = ended(world, row), shared(world, row), shared(world, row)
    shares.revoke(by=world.actor(world.bob), share=taken_back)
    assert "It was good until" in opened(client, late, 410).words
    assert "has revoked it" in opened(client, taken_back, 410).words
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.SUSPENDED)
    assert "It is not shown at the moment." in opened(client, open_, 410).words
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSING)
    opened(client, open_)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.ACTIVE)
    opened(client, open_)
    Removal.objects.create(generation=row, team=world.team, removed_by="x")
    page = opened(client, open_, 410)
    assert "has been deleted by whoever made it" in page.words
    assert "/media/" not in page.html


def test_a_closed_teams_links_are_gone(client: Client, world: World, make: Make) -> None:
    share = shared(world, delivered(make()))
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSING)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSED, closed_at=db.now())
    assert "no longer here" in opened(client, share, 410).words


def test_what_we_did_not_sign_is_not_there(client: Client, world: World, make: Make, settings: Any) -> None:
    share = shared(world, delivered(make()))
    token = shares.token(share)
    head, _, signature = token.rpartition(".")
    wrong = [
        head,
        head + ".",
        f"{uuid.uuid4().hex}.{signature}",
        token[:-1],
        token + "x",
        token.upper(),
        signature,
        share.public_id,
        "x" * 400,
    ]
    for text in wrong:
        page = read(client.get(f"/s/{text}"), 404)
        assert "This link is not one of ours." in page.words
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key " * 5
    opened(client, share)  # a key that was changed still opens what it signed
    assert shares.token(share) != token
    settings.SECRET_KEY_FALLBACKS = []
    read(client.get(f"/s/{token}"), 404)


def test_one_network_tries_only_so_often(client: Client, world: World, make: Make) -> None:
    share = shared(world, delivered(make()))
    for _ in range(120):
        client.get("/s/guess")
    page = read(client.get(path(share)), 429)
    assert "Try again in a minute." in page.words
    assert 1 <= int(client.get(path(share)).headers["Retry-After"]) <= 61  # the window is kept by sixtieths
    assert client.get(path(share), REMOTE_ADDR="203.0.113.9").status_code == 200


def test_queries_are_few_and_fixed(client: Client, world: World, make: Make, count_queries: Callable[..., int]) -> None:
    images = {"image_urls": ["https://img.example/a.png"], "max_images": 6}
    one = shared(world, delivered(make()), shows_inputs=True)
    six = shared(world, delivered(make("seedream-v4-edit", **images), outputs=6), shows_inputs=True)
    counts = {count_queries(lambda share=share: opened(client, share)) for share in (one, six)}
    assert counts == {4}  # the limit, the clock, the share, its outputs
    assert share_queries.STEP < share_queries.FILES_SECONDS
