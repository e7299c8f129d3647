"""Outputs into files: whole and as described, or not at all. The API key is never sent along."""

from __future__ import annotations

import hashlib
import re
import ssl
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx

from framehouse.errors import DownloadError
from framehouse.shapes import Generation, Output
from framehouse.transport import AGENT, CONNECT_SECONDS, LONGEST_RETRY_AFTER, PASSING, back_off, retry_after

ENDINGS = {"video/mp4": ".mp4", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
GONE = {401, 403, 404, 410}  # how servers of files refuse an address whose time is over
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


class _Gone(DownloadError):
    """The address no longer works."""


class _Passing(DownloadError):
    """Worth another try, after `pause` seconds where the server named them."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.pause = pause


class Downloads:
    """An HTTP client of its own: nothing of the API's client, the key least of all, goes to where files lie."""

    def __init__(
        self, *, timeout: float, max_retries: int, sleep: Callable[[float], None], tls: ssl.SSLContext
    ) -> None:
        self._max_retries, self._sleep = max_retries, sleep
        self._client = httpx.Client(
            headers=AGENT | {"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            follow_redirects=True,
            max_redirects=5,
            verify=tls,
        )

    def close(self) -> None:
        self._client.close()

    def save(self, generation: Generation, directory: str | Path, *, again: Callable[[], Generation]) -> list[Path]:
        """Every output as `<id>-<number>.<ending>` in the directory, which is made when missing. The names are ours:
        nothing that a server says makes a path. `again` gets the generation anew, with fresh addresses."""
        if generation.status != "succeeded":
            raise DownloadError(f"{generation.id} is {generation.status}: only what succeeded has files")
        if not _ID.fullmatch(generation.id):
            raise DownloadError(f"{generation.id!r:.100} is no id of a generation")
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        saved: list[Path] = []
        fresh = False
        for index in range(len(generation.outputs)):
            ending = ENDINGS.get(generation.outputs[index].content_type, ".bin")
            target = folder / f"{generation.id}-{index + 1}{ending}"
            try:
                self._keep(generation.outputs[index], target)
            except _Gone:
                if fresh:
                    raise
                generation, fresh = again(), True
                self._keep(generation.outputs[index], target)
            saved.append(target)
        return saved

    def _keep(self, output: Output, target: Path) -> None:
        """The output in its place, by way of a name of our own that is renamed once everything has been checked."""
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        tries = 0
        try:
            while True:
                try:
                    self._fetch(output, part)
                    break
                except _Passing as error:
                    if tries >= self._max_retries or (error.pause or 0) > LONGEST_RETRY_AFTER:
                        raise
                    self._sleep(back_off(tries) if error.pause is None else error.pause)
                tries += 1
                part.unlink(missing_ok=True)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def _fetch(self, output: Output, part: Path) -> None:
        digest, size = hashlib.sha256(), 0
        try:
            with self._client.stream("GET", output.url) as response, part.open("xb") as file:
                if response.status_code in GONE:
                    raise _Gone(f"the address of the file no longer works (HTTP {response.status_code})")
                if response.status_code in PASSING:
                    raise _Passing(f"HTTP {response.status_code} for the file", retry_after(response))
                if response.status_code != 200:
                    raise DownloadError(f"HTTP {response.status_code} for the file")
                for chunk in response.iter_bytes():
                    size += len(chunk)
                    if size > output.bytes:
                        raise DownloadError(f"the file is longer than its {output.bytes} bytes")
                    digest.update(chunk)
                    file.write(chunk)
        except httpx.TooManyRedirects as error:
            raise DownloadError("the file is redirected too often") from error
        except httpx.RequestError as error:
            raise _Passing(f"the file did not come: {error or type(error).__name__}") from error
        except httpx.InvalidURL as error:
            raise DownloadError("the address of the file cannot be read") from error
        if (size, digest.hexdigest()) != (output.bytes, output.sha256):
            raise DownloadError(f"the file ({size} bytes) is not the one that the API described")
