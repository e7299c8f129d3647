"""What a team keeps: its list, one, its removal, the quota, the end of what nobody uses (issue 5.6)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from PIL import Image

from accounts import keys
from generations import files, outcomes, sweeps, uploads
from generations.models import Generation, IdempotencyRecord, Upload, UploadQuota, UploadUse
from project import db
from project.errors import Invalid
from tests.api.shapes import UPLOAD, problem
from tests.flows.asking import books_hold
from tests.world import World

Send = Callable[..., Any]
QUOTA = frozenset({"used", "limit"})


@pytest.fixture
def send(client: Client, world: World) -> Send:
    """send(color, key=..., idempotency=...) uploads a small picture."""

    def call(color: str = "teal", *, key: str | None = None, idempotency: str | None = None) -> Any:
        out = io.BytesIO()
        Image.new("RGB", (64, 48), color).save(out, "PNG")
        headers = {"Authorization": f"Bearer {key or world.key}"}
        if idempotency is not None:
            headers["Idempotency-Key"] = idempotency
        return client.post("/api/v1/uploads", {"file": SimpleUploadedFile("a.png", out.getvalue())}, headers=headers)

    return call


def stored(settings: Any) -> list[Path]:
    """Every file that lies in the storage."""
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def kept(world: World) -> tuple[int, int]:
    """(files, bytes) that count against Studio's quota."""
    row = UploadQuota.objects.filter(team=world.team).first()
    return (row.files, row.bytes) if row else (0, 0)


def use(api: Any, world: World, upload: str) -> Any:
    ask = {"model": "kling-2.1-pro", "input": {"prompt": "x", "image_url": upload}}
    return api("post", "/generations", ask, key=world.key)


def age(upload: dict[str, Any]) -> None:
    Upload.objects.filter(pk=upload["id"][4:]).update(expires_at=db.now() - timedelta(seconds=1))


def test_the_list_is_newest_first_and_goes_on_by_cursor(world: World, send: Send, api: Any) -> None:
    made = [send(color).json()["id"] for color in ("red", "green", "blue")]
    send(key=world.other_key)
    page = api("get", "/uploads?limit=2", key=world.key).json()
    assert [row["id"] for row in page["results"]] == made[:0:-1]
    assert all(set(row) == UPLOAD for row in page["results"])
    rest = api("get", page["next"].partition("/api/v1")[2], key=world.key).json()
    assert [row["id"] for row in rest["results"]] == made[:1]
    assert rest["next"] is None


def test_one_is_shown_with_its_end(world: World, send: Send, api: Any) -> None:
    made = send().json()
    shown = api("get", f"/uploads/{made['id']}", key=world.key).json()
    assert shown == {**made, "url": shown["url"]}
    row = Upload.objects.get()
    assert row.expires_at - row.created_at == timedelta(days=30)
    with files.open(row.name) as file:
        assert shown["bytes"] == row.bytes == len(file.read())
    problem(api("get", f"/uploads/{made['id']}", key=world.other_key), 404, "not_found")


def test_what_is_deleted_is_gone_with_its_file_and_gives_room(
    world: World, send: Send, api: Any, settings: Any
) -> None:
    made = send().json()
    assert len(stored(settings)) == 1
    assert kept(world) == (1, made["bytes"])
    problem(api("delete", f"/uploads/{made['id']}", key=world.other_key), 404, "not_found")
    answer = api("delete", f"/uploads/{made['id']}", key=world.key)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (stored(settings), kept(world), Upload.objects.count()) == ([], (0, 0), 0)
    problem(api("delete", f"/uploads/{made['id']}", key=world.key), 404, "not_found")
    problem(use(api, world, made["id"]), 422, "invalid", "input.image_url")
    assert books_hold()


def test_it_stays_while_an_open_generation_needs_it(world: World, send: Send, api: Any) -> None:
    made = send().json()
    generation = use(api, world, made["id"]).json()
    body = problem(
        api("delete", f"/uploads/{made['id']}", key=world.key), 409, "in_use", extra=frozenset({"generation"})
    )
    assert body["generation"] == generation["id"]
    assert generation["id"] in body["detail"]
    age(made)
    sweeps.sweep()
    assert Upload.objects.filter(state="ready").count() == 1
    outcomes.cancel(generation_id=Generation.objects.get().pk, actor="test")
    assert api("delete", f"/uploads/{made['id']}", key=world.key).status_code == 404  # it has expired meanwhile
    sweeps.sweep()
    assert (Upload.objects.count(), UploadUse.objects.count()) == (0, 0)


def test_each_use_puts_off_the_end(world: World, send: Send, api: Any) -> None:
    made = send().json()
    Upload.objects.update(expires_at=db.now() + timedelta(days=1))
    assert use(api, world, made["url"]).status_code == 201
    assert Upload.objects.get().expires_at > db.now() + timedelta(days=29)


def test_an_expired_one_is_refused_with_a_sentence_and_swept(world: World, send: Send, api: Any, settings: Any) -> None:
    made, other = send("red").json(), send("blue").json()
    age(made)
    body = problem(use(api, world, made["id"]), 422, "invalid", "input.image_url")
    assert "this upload expired on" in body["errors"][0]["message"]
    problem(api("get", f"/uploads/{made['id']}", key=world.key), 404, "not_found")
    assert [row["id"] for row in api("get", "/uploads", key=world.key).json()["results"]] == [other["id"]]
    assert sweeps.sweep()["uploads"] == 1
    assert [path.stem for path in stored(settings)] == [other["id"][4:]]
    assert kept(world) == (1, other["bytes"])
    body = problem(use(api, world, made["id"]), 422, "invalid", "input.image_url")
    assert "30 days after its last use" in body["errors"][0]["message"]


def test_one_removed_between_the_check_and_the_accept_is_refused(world: World, send: Send, api: Any) -> None:
    made = send().json()
    generation = Generation(model="kling-2.1-pro", team=world.team, input={"image_url": made["id"]})
    Upload.objects.update(state="removed")
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        uploads.take_into_use([generation])
    assert refusal.value.errors[0].path == "input.image_url"


@pytest.mark.parametrize("which", ["files", "bytes"])
def test_a_full_quota_says_what_is_used_and_what_to_do(
    which: str, world: World, send: Send, api: Any, settings: Any
) -> None:
    first = send("red").json()
    if which == "files":
        settings.UPLOAD_QUOTA_FILES = 1
    else:
        settings.UPLOAD_QUOTA_BYTES = 2 * first["bytes"] - 1
    body = problem(send("tan"), 409, "upload_quota_exceeded", "file", extra=QUOTA)
    assert body["used"] == {"files": 1, "bytes": first["bytes"]}
    assert body["limit"] == {"files": settings.UPLOAD_QUOTA_FILES, "bytes": settings.UPLOAD_QUOTA_BYTES}
    assert "DELETE /uploads/{id}" in body["detail"]
    assert (len(stored(settings)), kept(world)) == (1, (1, first["bytes"]))
    assert send(key=world.other_key).status_code == 201  # each team has its own
    assert api("delete", f"/uploads/{first['id']}", key=world.key).status_code == 204
    assert send("tan").status_code == 201
    assert books_hold()


def test_one_key_one_file(world: World, send: Send) -> None:
    first, again = send(idempotency="k"), send(idempotency="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert again["Location"] == first["Location"]
    assert Upload.objects.count() == 1
    problem(send("red", idempotency="k"), 422, "idempotency_key_reused")
    problem(send(idempotency=""), 422, "bad_idempotency_key")
    assert Upload.objects.count() == 1
    assert send(idempotency="k", key=world.other_key).json()["id"] != first.json()["id"]


def test_a_refusal_is_not_remembered(world: World, send: Send, settings: Any) -> None:
    settings.UPLOAD_QUOTA_FILES = 0
    problem(send(idempotency="k"), 409, "upload_quota_exceeded", "file", extra=QUOTA)
    assert not IdempotencyRecord.objects.exists()
    settings.UPLOAD_QUOTA_FILES = 5
    assert send(idempotency="k").status_code == 201


def test_a_storage_that_takes_nothing_leaves_nothing(world: World, send: Send, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    problem(send(), 503, "unavailable")
    settings.MEDIA_ROOT = tmp_path / "media"
    sweeps.sweep()
    assert (Upload.objects.count(), kept(world)) == (0, (0, 0))
    assert books_hold()


def test_what_a_killed_process_left_is_swept(world: World, send: Send, settings: Any) -> None:
    made = send().json()
    with connection.cursor() as cursor:  # as if killed between the file and its row's last step
        cursor.execute("set session_replication_role = replica; update generations_upload set state = 'storing'")
        cursor.execute("set session_replication_role = origin")
    assert sweeps.sweep()["uploads"] == 0
    assert kept(world) == (1, made["bytes"])  # it counts until it is surely dead
    Upload.objects.update(state_at=db.now() - timedelta(minutes=16))
    assert sweeps.sweep()["uploads"] == 1
    assert (stored(settings), kept(world)) == ([], (0, 0))


def test_the_database_keeps_the_totals_and_the_steps(world: World, send: Send) -> None:
    send()
    for column, value in (("bytes", 1), ("name", "x"), ("state", "storing")):
        with pytest.raises(DatabaseError), transaction.atomic():
            Upload.objects.update(**{column: value})
    with pytest.raises(DatabaseError), transaction.atomic():
        UploadQuota.objects.update(files=-1)


def test_a_key_that_only_reads_deletes_nothing(world: World, send: Send, api: Any) -> None:
    made = send().json()
    _, text = keys.issue(team=world.team, name="see", scopes=["read"], by=world.alice)
    assert api("get", "/uploads", key=text).status_code == 200
    assert api("delete", f"/uploads/{made['id']}", key=text).status_code == 403
    assert Upload.objects.count() == 1


def test_a_ready_upload_keeps_its_file_whatever_failed_after(world: World, send: Send, settings: Any) -> None:
    """As when the connection broke right after the COMMIT that made it ready."""
    send()
    uploads._discard(Upload.objects.get())
    assert (len(stored(settings)), Upload.objects.get().state) == (1, "ready")
