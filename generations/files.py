"""Stored files: results fetched from providers, uploads, and their way into the storage (design section 4.7).

A result is streamed into a temporary file, looked at, and only then takes its name, in one step: who sees the
name sees the whole file. The name is the generation's, so a second run replaces the same file (faults.md rows
21 to 26).
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage

from generations import media
from project import net
from project.media_links import Link, LinkExpired, signed_url, verify

__all__ = [
    "IMAGE_BYTES", "VIDEO_BYTES", "Link", "LinkExpired", "ResultBad", "ResultError", "ResultGone",
    "ResultRefused", "ResultTooLarge", "ResultUnreachable", "StorageDown", "StoredFile", "delete", "open",
    "receive", "save_upload", "signed_url", "size", "verify",
]  # fmt: skip

IMAGE_BYTES = 40 * 1024 * 1024
VIDEO_BYTES = 500 * 1024 * 1024
_LEFTOVER_SECONDS = 3600  # no download lives that long; older temporary files belong to killed workers
_NAME = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+)*")


class ResultError(Exception):
    """A provider's result that could not be brought in. The message is a sentence of ours, without the
    address.
    """


class ResultGone(ResultError):
    """The provider has it no longer, or the link has expired; a fresh link may help. `status` is its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The provider answered {status} for the result.")
        self.status = status


class ResultBad(ResultError):
    """What came is not a whole picture or film."""


class ResultTooLarge(ResultError):
    """More bytes than this kind of result may have."""


class ResultUnreachable(ResultError):
    """No complete answer in time; another try may bring it."""


class ResultRefused(ResultError):
    """The address is not one that we call, or it points elsewhere."""


class StorageDown(Exception):
    """Our own storage did not take or give the file. The result is not at fault: try again later (row 25)."""


@dataclass(frozen=True)
class StoredFile:
    """A file in the storage: object name, type by its bytes, length in bytes, SHA-256 in hex, size in pixels."""

    name: str
    content_type: str
    bytes: int
    sha256: str
    width: int
    height: int
    duration_ms: int | None = None
    preview_name: str | None = None


def receive(
    url: str,
    *,
    kind: Literal["image", "video"],
    name_stem: str,
    deadline: float,
    max_bytes: int | None = None,
) -> StoredFile:
    """Brings a result into the storage as `<name_stem>.<ext>`, with a preview beside it.

    `deadline` is seconds for the download; `max_bytes` is IMAGE_BYTES or VIDEO_BYTES unless given. May be run
    again at any time. Raises a ResultError, or StorageDown; in both cases nothing is left behind.
    """
    assert _NAME.fullmatch(name_stem), name_stem
    if max_bytes is None:
        max_bytes = VIDEO_BYTES if kind == "video" else IMAGE_BYTES
    with _temporary() as part:
        with part.open("wb") as sink, _local_errors():
            got = _download(url, sink, deadline=deadline, max_bytes=max_bytes)
        facts, preview = _look(part, kind)
        name = f"{name_stem}.{media.EXTENSIONS[facts.content_type]}"
        preview_name = f"{name_stem}.preview.webp"
        _put(preview, preview_name)
        _place(part, name)
    return StoredFile(
        name, facts.content_type, got.bytes, got.sha256, facts.width, facts.height, facts.duration_ms, preview_name
    )


def save_upload(clean: media.CleanImage, name: str) -> StoredFile:
    """Stores an upload that was made harmless under exactly this name; raises StorageDown."""
    assert _NAME.fullmatch(name), name
    _put(clean.bytes, name)
    digest = hashlib.sha256(clean.bytes).hexdigest()
    return StoredFile(name, clean.content_type, len(clean.bytes), digest, clean.width, clean.height)


def delete(name: str) -> None:
    """Removes a stored file; one that is gone already is fine. Raises StorageDown."""
    with _local_errors():
        default_storage.delete(name)


def size(name: str) -> int | None:
    """The bytes of a stored file; None for one that is not there. Raises StorageDown."""
    with _local_errors():
        try:
            return default_storage.size(name)
        except FileNotFoundError:
            return None


def open(name: str) -> IO[bytes]:
    """A stored file for reading; raises FileNotFoundError."""
    return cast(IO[bytes], default_storage.open(name, "rb"))


@dataclass(frozen=True)
class _Facts:
    content_type: str
    width: int
    height: int
    duration_ms: int | None


def _download(url: str, sink: BinaryIO, *, deadline: float, max_bytes: int) -> net.StreamResult:
    try:
        got = net.stream(url=url, deadline=deadline, max_bytes=max_bytes, guard=net.Guard.PUBLIC, sink=sink)
    except net.Unresolvable as error:
        raise ResultUnreachable(error.reason) from error
    except net.Refused as error:
        raise ResultRefused(error.reason) from error
    except net.TooLarge as error:
        raise ResultTooLarge(error.reason) from error
    except net.NetError as error:
        raise ResultUnreachable(error.reason) from error
    if 300 <= got.status < 400:
        raise ResultRefused("The result's address points elsewhere; redirects are not followed.")
    if got.status in (408, 425, 429) or got.status >= 500:
        raise ResultUnreachable(f"The provider answered {got.status} for the result.")
    if got.status >= 400:
        raise ResultGone(got.status)
    if got.bytes == 0:
        raise ResultBad("The result is empty.")
    return got


def _look(part: Path, kind: str) -> tuple[_Facts, bytes]:
    """What the file is by its bytes, and its preview, for which it is decoded; raises ResultBad."""
    with part.open("rb") as file:
        content_type = media.sniff(file.read(media.SNIFF_BYTES))
    if content_type is None or content_type.partition("/")[0] != kind:
        raise ResultBad(f"The result is not {'a film' if kind == 'video' else 'a picture'}.")
    try:
        if kind == "video":
            film = media.probe_video(part)
            return _Facts(content_type, film.width, film.height, film.duration_ms), media.poster(part)
        picture = media.inspect_image(part)
        return _Facts(content_type, picture.width, picture.height, None), media.thumbnail(part)
    except media.BadMedia as error:
        raise ResultBad(error.reason) from error


@contextmanager
def _temporary() -> Iterator[Path]:
    """A temporary file that is gone afterwards; on a file system beside its goal, so that a rename is enough."""
    folder = Path(tempfile.gettempdir())
    with _local_errors():
        if isinstance(default_storage, FileSystemStorage):
            folder = Path(settings.MEDIA_ROOT) / ".incoming"
            folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("framehouse-*.part"):
            with suppress(FileNotFoundError):  # another process was faster
                if old.stat().st_mtime < time.time() - _LEFTOVER_SECONDS:
                    old.unlink()
        handle, path = tempfile.mkstemp(prefix="framehouse-", suffix=".part", dir=folder)
        os.close(handle)
    try:
        yield Path(path)
    finally:
        Path(path).unlink(missing_ok=True)


def _put(data: bytes, name: str) -> None:
    with _temporary() as part:
        with _local_errors():
            part.write_bytes(data)
        _place(part, name)


def _place(part: Path, name: str) -> None:
    """Gives the file its name, in place of whatever had it."""
    with _local_errors():
        if isinstance(default_storage, FileSystemStorage):
            goal = Path(default_storage.path(name))
            goal.parent.mkdir(parents=True, exist_ok=True)
            _flush(part)
            part.chmod(settings.FILE_UPLOAD_PERMISSIONS or 0o600)
            part.replace(goal)
            _flush(goal.parent)
        else:
            with part.open("rb") as file:
                saved = default_storage.save(name, File(file))
            if saved != name:
                default_storage.delete(saved)
                raise StorageDown("The storage keeps old files; it must overwrite (file_overwrite).")


def _flush(path: Path) -> None:
    """On the disk before money is taken for it: a power cut must not leave an empty file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _local_errors() -> Iterator[None]:
    """Whatever our own disk or object store raises becomes StorageDown; each backend has errors of its own."""
    try:
        yield
    except (ResultError, StorageDown, MemoryError):
        raise
    except Exception as error:
        raise StorageDown("The storage did not take the file.") from error
