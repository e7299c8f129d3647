"""The result files: kept in memory, served at /files/{name}, with their faults."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug import Request, Response

from generations.sandbox import wire
from generations.sandbox.faults import FILES, Faults

MOST_BYTES = 256 * 1024 * 1024  # the oldest files go first
VAST = 10 * 1024**3
CHUNK = b"\0" * 65536
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
PAGE = b"<!doctype html><title>Not the file</title><p>This is a page.</p>"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp", "video/mp4": "mp4"}


@dataclass(frozen=True)
class Stored:
    """One file. `until`: when its link dies, by the monotonic clock."""

    data: bytes
    content_type: str
    faults: Faults
    until: float | None


class Files:
    """Files by name, the newest MOST_BYTES of them."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._files: OrderedDict[str, Stored] = OrderedDict()
        self._size = 0

    def put(
        self,
        data: bytes,
        content_type: str,
        faults: Faults | None = None,
        seconds: float | None = None,
        *,
        name: str = "",
    ) -> str:
        """Keeps a file and returns its name, a new one unless given; its link dies after `seconds`."""
        name = name or f"{secrets.token_hex(12)}.{EXTENSIONS[content_type]}"
        until = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            if (before := self._files.pop(name, None)) is not None:
                self._size -= len(before.data)
            self._files[name] = Stored(data, content_type, faults or Faults(), until)
            self._size += len(data)
            while self._size > MOST_BYTES and len(self._files) > 1:
                _, oldest = self._files.popitem(last=False)
                self._size -= len(oldest.data)
        return name

    def link(self, url: str, seconds: float) -> str:
        """A second name for the file at `url`, dead after `seconds`."""
        with self._lock:
            stored = self._files.get(url.rsplit("/", 1)[-1])
        return self.put(stored.data, stored.content_type, Faults(), seconds) if stored else ""

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def serve(self, request: Request, name: str) -> Response:
        """The file, or what its fault makes of it."""
        with self._lock:
            stored = self._files.get(name)
            if stored is None or (stored.until is not None and time.monotonic() > stored.until):
                return Response("gone", 404)
            fault = stored.faults.play(FILES)
        return self._faulty(request, stored, fault) if fault else Response(stored.data, 200, mimetype=kind(stored))

    def _faulty(self, request: Request, stored: Stored, fault: str) -> Response:
        data, length = stored.data, str(len(stored.data))
        match fault:
            case "result-404" | "result-403" | "result-500":
                return Response("no", int(fault[-3:]))
            case "result-html":
                return Response(PAGE, mimetype="text/html")
            case "result-lying-type":
                return Response(PAGE, mimetype=kind(stored))
            case "result-empty":
                return Response(b"", mimetype=kind(stored))
            case "result-endless":
                return _stream(self._forever(data), stored)
            case "result-vast":
                return _stream(self._vast(data), stored, str(VAST))
            case "result-lying-length":
                return _stream(iter([data]), stored, str(len(data) + 1000))
            case "result-slow":
                return _stream(wire.drip(data, self._stop), stored, length)
            case "result-reset":
                return _stream(_half_then_reset(request, data), stored, length)
            case "result-redirect":
                return Response(status=302, headers={"Location": METADATA})
            case "result-redirect-file":
                return Response(status=302, headers={"Location": "file:///etc/passwd"})
        return Response(data, mimetype=kind(stored))

    def _forever(self, data: bytes) -> Iterator[bytes]:
        yield data
        while not self._stop.is_set():
            yield CHUNK

    def _vast(self, data: bytes) -> Iterator[bytes]:
        yield data
        left = VAST - len(data)
        while left > 0 and not self._stop.is_set():
            yield CHUNK[:left]
            left -= len(CHUNK)


def kind(stored: Stored) -> str:
    """Its content type."""
    return stored.content_type


def _stream(chunks: Iterator[bytes], stored: Stored, length: str | None = None) -> Response:
    headers = {"Content-Type": stored.content_type}
    if length is not None:
        headers["Content-Length"] = length
    return Response(chunks, 200, headers, direct_passthrough=True)


def _half_then_reset(request: Request, data: bytes) -> Iterator[bytes]:
    yield data[: len(data) // 2]
    wire.reset(request)
