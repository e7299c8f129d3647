"""The outputs of many generations as one zip, streamed: nothing of it is ever whole in memory or on our disk.

What the storage has is asked before the first byte goes out, so that the length is known and a file that is missing is
named in `contents.csv`, the archive's last file, and breaks nothing else. Files are stored as they are: images and
films do not get smaller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import connection
from zipstream import ZIP_STORED, ZipStream

from generations import files, removals
from generations.catalog import ENTRIES
from generations.models import Generation, Status
from project import csv_safe
from project.errors import Invalid, Unavailable
from project.money import to_json
from project.times import stamp

MOST_BYTES = 4 * 1024**3
SHORT = 8  # characters of an id that a name bears
CHUNK = 256 * 1024
ASKERS = 8  # of the storage at once: an object store takes its time for each
HEADER = ("generation", "made", "model", "status", "prompt", "charged_usd", "file", "note")


@dataclass(frozen=True)
class File:
    """One file of the archive: `text`, or what the storage has under `stored`; `length` in bytes."""

    name: str
    length: int
    stored: str = ""
    text: bytes = b""


@dataclass(frozen=True)
class Archive:
    """What is to be sent, and how long that will be."""

    name: str
    length: int
    pieces: Iterator[bytes]


def of(generations: Sequence[Generation]) -> Archive:
    """The archive of these generations (with outputs and removal fetched), newest first. Raises Invalid when there is
    no file in it or more than MOST_BYTES, Unavailable when our storage does not answer."""
    short = Counter(row.public_id[-SHORT:] for row in generations)
    wanted = [(row, _wanted(row, twice=short[row.public_id[-SHORT:]] > 1)) for row in generations]
    total = sum(file.length for _, some in wanted for file in some)
    if total > MOST_BYTES:
        sentence = f"These are {total / 1024**3:.1f} GB together, and a zip holds 4 GB. Select fewer."
        raise Invalid(sentence, code="too_large")
    sizes = _sizes([file.stored for _, some in wanted for file in some if file.stored])
    zipped, lines = ZipStream(compress_type=ZIP_STORED, sized=True), []
    for row, some in wanted:
        notes = []
        for file in some:
            there = not file.stored or sizes[file.stored] == file.length
            if there:
                zipped.add(_read(file), file.name, size=file.length)
            notes.append((file.name, "" if there else "missing in our storage: tell us, with the generation"))
        lines.append(_lines(row, notes or [("", _why_nothing(row))]))
    if zipped.is_empty():
        raise Invalid("None of these has a file to download.", code="nothing_to_download")
    zipped.add(b"".join(csv_safe.rows(HEADER, lines)), "contents.csv")
    made = max(row.created_at for row in generations).astimezone(UTC)
    return Archive(f"framehouse-{made:%Y-%m-%d}.zip", len(zipped), _sent(zipped))


def _sent(zipped: ZipStream) -> Iterator[bytes]:
    """The archive in pieces. A slow receiver holds no connection to the database meanwhile."""
    if not connection.in_atomic_block:
        connection.close()
    yield from zipped


def _wanted(row: Generation, *, twice: bool) -> list[File]:
    """The files that it ought to have: `veo-3.1-fast-2026-11-22-1a2b3c4d-1.mp4`."""
    if row.status != Status.SUCCEEDED or removals.is_removed(row):
        return []
    short = row.id.hex if twice else row.public_id[-SHORT:]
    stem = f"{row.model}-{row.created_at.astimezone(UTC):%Y-%m-%d}-{short}"
    if row.kind == "text":
        text = row.text.encode()
        return [File(f"{stem}-1.txt", len(text), text=text)]
    return [
        File(f"{stem}-{each.index + 1}.{each.name.rpartition('.')[2]}", each.bytes, stored=each.name)
        for each in sorted(row.outputs.all(), key=lambda each: each.index)
    ]


def _sizes(names: Sequence[str]) -> dict[str, int | None]:
    try:
        with ThreadPoolExecutor(ASKERS) as pool:
            return dict(zip(names, pool.map(files.size, names), strict=True))
    except files.StorageDown as error:
        raise Unavailable("Our storage does not answer. Try again in a moment.") from error


def _read(file: File) -> Iterator[bytes]:
    """The bytes of a file. One that is deleted in the moment of its turn ends the download, which its receiver sees by
    its length: it is never said to be whole."""
    if not file.stored:
        yield file.text
        return
    left = file.length
    with files.open(file.stored) as source:
        while left and (chunk := source.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    if left:
        raise EOFError(f"{file.stored} ended early")


def _lines(row: Generation, notes: Sequence[tuple[str, str]]) -> list[list[Any]]:
    """A line for each file; what was charged stands in the first only, so that the column adds up."""
    entry = ENTRIES.get(row.model)
    head = [
        row.public_id,
        stamp(row.created_at),
        entry.name if entry else row.model,
        row.status,
        str(row.input.get("prompt", "")),
    ]
    charged = to_json(row.charged or 0)["usd"]
    return [[*head, charged if place == 0 else None, name, note] for place, (name, note) in enumerate(notes)]


def _why_nothing(row: Generation) -> str:
    if removals.is_removed(row):
        return f"its outputs were deleted on {row.removal.removed_at.astimezone(UTC):%Y-%m-%d}"
    return "nothing came" if row.ended else "not finished yet"
