"""The zip of a selection: names, its list of contents, what is missing, its length, and flat memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client

from generations import archive, files, removals
from generations.models import Generation, Output
from project import csv_safe
from tests.pages.conftest import delivered
from tests.pages.library.conftest import Made, put
from tests.pages.parsing import read
from tests.world import World

URL = "/history/selected"
Make = Callable[..., Generation]


def download(client: Client, *rows: Generation) -> Any:
    return client.post(URL, {"do": "zip", "row": [row.public_id for row in rows]})


def opened(answer: Any) -> zipfile.ZipFile:
    assert answer.status_code == 200
    data = b"".join(answer.streaming_content)
    assert len(data) == int(answer["Content-Length"])
    found = zipfile.ZipFile(io.BytesIO(data))
    assert found.testzip() is None
    return found


def listed(found: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.read("contents.csv").decode("utf-8-sig"))))


def stem(row: Generation) -> str:
    return f"{row.model}-{row.created_at:%Y-%m-%d}-{row.public_id[-8:]}"


def test_it_holds_the_files_and_says_what_they_are(alice: Client, made: Made, make: Make) -> None:
    images = made("seedream-v4-edit", prompt="=1+1", image_urls=["https://img.example/a.png"], outputs=2, max_images=2)
    text = delivered(make("prompt-expansion-text", prompt="a dog"), text="a dög, sharp")
    waiting = make()
    answer = download(alice, images, text, waiting)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="framehouse-{waiting.created_at:%Y-%m-%d}.zip"'
    found = opened(answer)
    first, second = f"{stem(images)}-1.png", f"{stem(images)}-2.png"
    assert found.namelist() == [f"{stem(text)}-1.txt", first, second, "contents.csv"]
    assert found.read(first) == bytes([0]) * 4096
    assert found.read(second) == bytes([1]) * 4096
    assert found.read(f"{stem(text)}-1.txt").decode() == "a dög, sharp"
    assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}
    rows = listed(found)
    assert [(row["generation"], row["file"], row["charged_usd"], row["note"]) for row in rows] == [
        (waiting.public_id, "", "0", "not finished yet"),
        (text.public_id, f"{stem(text)}-1.txt", rows[1]["charged_usd"], ""),
        (images.public_id, first, "0.035", ""),
        (images.public_id, second, "", ""),
    ]
    assert rows[2]["prompt"] == "'=1+1"
    assert csv_safe.text_of(rows[2]["prompt"]) == "=1+1"


def test_a_file_that_is_missing_breaks_nothing_and_is_named(alice: Client, made: Made) -> None:
    whole, lost, cut = made(), made(), made()
    default_storage.delete(lost.outputs.get().name)
    name = cut.outputs.get().name
    default_storage.delete(name)
    default_storage.save(name, ContentFile(b"half"))
    found = opened(download(alice, whole, lost, cut))
    assert found.namelist() == [f"{stem(whole)}-1.mp4", "contents.csv"]
    notes = {row["generation"]: (row["file"], row["note"]) for row in listed(found)}
    assert notes[whole.public_id] == (f"{stem(whole)}-1.mp4", "")
    for row in (lost, cut):
        assert notes[row.public_id] == (f"{stem(row)}-1.mp4", "missing in our storage: tell us, with the generation")


def test_what_was_deleted_is_not_in_it(alice: Client, world: World, made: Made) -> None:
    row, other = made(), made()
    removals.remove(actor=world.actor(world.alice), generations=[row])
    found = opened(download(alice, row, other))
    assert found.namelist() == [f"{stem(other)}-1.mp4", "contents.csv"]
    assert "its outputs were deleted on" in {line["generation"]: line["note"] for line in listed(found)}[row.public_id]
    assert download(alice, row)["Location"] == "/history"
    assert "None of these has a file to download." in read(alice.get("/history")).words


def test_more_than_a_zip_may_hold_is_said(alice: Client, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 5000)
    row, other = made(), made()
    assert download(alice, row).status_code == 200
    assert download(alice, row, other)["Location"] == "/history"
    assert "and a zip holds 4 GB. Select fewer." in read(alice.get("/history")).words


def test_a_storage_that_is_down_is_said(alice: Client, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(name: str) -> int:
        raise files.StorageDown

    monkeypatch.setattr(files, "size", down)
    assert download(alice, made()).status_code == 503


def test_a_file_that_goes_in_the_moment_of_its_turn_ends_the_download(alice: Client, made: Made) -> None:
    row = made()
    answer = download(alice, row)
    default_storage.delete(row.outputs.get().name)
    with pytest.raises(FileNotFoundError):
        b"".join(answer.streaming_content)


def test_two_with_the_same_short_id_keep_both(made: Made, world: World) -> None:
    row, other = made(), made()
    same = [Generation.objects.prefetch_related("outputs").get(pk=each.pk) for each in (row, row, other)]
    names = [file.name for each in same[:2] for file in archive._wanted(each, twice=True)]
    assert names[0].startswith(f"{row.model}-{row.created_at:%Y-%m-%d}-{row.id.hex}-1.")


def test_memory_stays_flat(alice: Client, make: Make) -> None:
    rows, size = [], 10 * 1024 * 1024
    for n in range(5):
        row = delivered(make(prompt=str(n)))
        connection.cursor().execute("set session_replication_role = replica")
        Output.objects.filter(generation=row).update(bytes=size)
        connection.cursor().execute("set session_replication_role = origin")
        put(row, size)
        rows.append(row)
    answer = download(alice, *rows)
    tracemalloc.start()
    sent = sum(len(piece) for piece in answer.streaming_content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent == int(answer["Content-Length"]) > 50 * 1024 * 1024
    assert most < 3 * 1024 * 1024


def test_queries_do_not_grow_with_the_selection(
    alice: Client, made: Made, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    rows = [made(prompt=str(n)) for n in range(6)]
    opened(download(alice, rows[0]))
    few = count_queries(lambda: opened(download(alice, rows[0])))
    assert count_queries(lambda: opened(download(alice, *rows))) == few


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_it_is_sent(committed_world: World, browser: Any) -> None:
    from generations import idempotency, intake

    accepted, _ = intake.accept(
        actor=committed_world.actor(committed_world.bob),
        request=intake.Request(model="veo-3.1-fast", input={"prompt": "a dog"}),
        render=lambda row: idempotency.Answer(201, {"id": row.public_id}, {}),
    )
    assert accepted is not None
    row = delivered(accepted)
    put(row)
    pieces = iter(download(browser(committed_world.bob), row).streaming_content)
    next(pieces)
    assert connection.connection is None
    assert b"".join(pieces)
