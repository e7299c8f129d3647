"""20 uploads at once against a quota with room for 7: exactly 7 are kept, and the totals are those of the rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generations import uploads
from generations.models import Upload, UploadQuota
from project.errors import Conflict, NotFound
from tests.concurrency.racing import race, split
from tests.flows.asking import ask, books_hold
from tests.world import World

ROOM = 7


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("which", ["files", "bytes"])
def test_20_uploads_at_once_never_pass_the_quota(which: str, committed_world: World, settings: Any) -> None:
    actor, data = committed_world.actor(), picture()
    size = uploads.keep(actor=actor, chunks=[data]).bytes
    if which == "files":
        settings.UPLOAD_QUOTA_FILES = 1 + ROOM
    else:
        settings.UPLOAD_QUOTA_BYTES = (1 + ROOM) * size + size - 1
    won, refused = split(race([lambda: uploads.keep(actor=actor, chunks=[data])] * 20))
    assert (len(won), {type(error) for error in refused}) == (ROOM, {Conflict})
    quota = UploadQuota.objects.get(team=committed_world.team)
    assert (quota.files, quota.bytes) == (1 + ROOM, (1 + ROOM) * size)
    assert Upload.objects.filter(state="ready").count() == Upload.objects.count() == 1 + ROOM
    assert len(list(Path(settings.MEDIA_ROOT).rglob("*.png"))) == 1 + ROOM
    assert books_hold()


def test_20_removals_of_one_give_its_room_back_once(committed_world: World) -> None:
    actor = committed_world.actor()
    upload = uploads.keep(actor=actor, chunks=[picture()])
    won, refused = split(race([lambda: uploads.remove(actor=actor, upload=upload)] * 20))
    assert (len(won), {type(error) for error in refused}) == (1, {NotFound})
    assert (UploadQuota.objects.get().files, Upload.objects.count()) == (0, 0)
    assert books_hold()


def test_a_removal_and_accepts_that_need_it_exclude_each_other(committed_world: World) -> None:
    """Either the generation has its upload, or it was never accepted: no third thing."""
    actor = committed_world.actor()
    for _ in range(3):
        upload = uploads.keep(actor=actor, chunks=[picture()])
        works = [lambda: uploads.remove(actor=actor, upload=upload)]  # noqa: B023 - run before the next round
        works += [lambda: ask(committed_world, "kling-2.1-pro", image_url=upload.public_id)] * 3  # type: ignore[list-item]  # noqa: B023
        removed, *accepted = race(works)
        there = Upload.objects.filter(pk=upload.pk, state="ready").exists()
        assert there is isinstance(removed, Exception)
        assert all(isinstance(result, Exception) is not there for result in accepted)
    assert books_hold()
