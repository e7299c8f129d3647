"""The client itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import httpx

from framehouse.downloads import Downloads
from framehouse.generations import WAIT_SECONDS, CreateOptions, Generations, Progress
from framehouse.resources import Models, Quotes, Uploads, Wallets, WebhookEndpoints, WebhookSecrets
from framehouse.shapes import Generation, Key
from framehouse.transport import Transport


class Framehouse:
    """The API of one Framehouse, for one key.

    `api_key` and `base_url` (such as `https://framehouse.example`) come from FRAMEHOUSE_API_KEY and
    FRAMEHOUSE_BASE_URL where they are not given. `timeout` is in seconds for each try, `max_retries` how often what is
    safe to send again is. One client may serve many threads.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        key = (api_key or os.environ.get("FRAMEHOUSE_API_KEY") or "").strip()
        address = base_url or os.environ.get("FRAMEHOUSE_BASE_URL") or ""
        if not address:
            raise ValueError("give base_url, or set FRAMEHOUSE_BASE_URL")
        tls = httpx.create_ssl_context()  # one for both: making it is slow
        http = Transport(base_url=address, api_key=key, timeout=timeout, max_retries=max_retries, sleep=sleep, tls=tls)
        self._http = http
        self._downloads = Downloads(timeout=timeout, max_retries=max_retries, sleep=sleep, tls=tls)
        self.models = Models(http)
        self.quotes = Quotes(http)
        self.generations = Generations(http, self.models)
        self.uploads = Uploads(http)
        self.wallet = Wallets(http)
        self.webhook_endpoints = WebhookEndpoints(http)
        self.webhook_secret = WebhookSecrets(http)

    def key(self) -> Key:
        """What this key may do, and spend."""
        return self._http.one(Key, "GET", "/key")

    def run(
        self,
        model: str,
        input: Mapping[str, Any],
        *,
        timeout: float = WAIT_SECONDS,
        on_progress: Callable[[Progress], None] | None = None,
        raise_on_failure: bool = True,
        **options: Unpack[CreateOptions],
    ) -> Generation:
        """generations.create and generations.wait in one."""
        made = self.generations.create(model, input, **options)
        return self.generations.wait(made, timeout=timeout, on_progress=on_progress, raise_on_failure=raise_on_failure)

    def download(self, generation: Generation | str, directory: str | Path = ".") -> list[Path]:
        """The outputs as files in the directory, in their order: `gen_...-1.mp4`. Each is checked against the size and
        sha256 that the API names, and appears whole or not at all. Raises DownloadError."""
        found = self.generations.get(generation) if isinstance(generation, str) else generation
        return self._downloads.save(found, directory, again=lambda: self.generations.get(found))

    def close(self) -> None:
        self._http.close()
        self._downloads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
