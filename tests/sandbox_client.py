"""The sandbox provider in a process of its own, and its control interface: the oracle of the flow tests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0


class SandboxProcess:
    """Starts the sandbox on a free port and talks to its control interface. It ends with this process, whatever
    happens: it watches a pipe that we hold."""

    def __init__(self, *, speed: float = 50, hmac_key: str = "sandbox-hmac-key") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        ready = Path(self._folder.name) / "ready"
        arguments = ["--port", "0", f"--speed={speed}", f"--hmac-key={hmac_key}", "--ready-file", str(ready)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "generations.sandbox", *arguments, "--quiet", "--stop-on-eof"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
        )
        try:
            self.url = self._wait_for(ready)
        except BaseException:
            self.stop()
            raise
        self._client = httpx.Client(base_url=f"{self.url}/_control", trust_env=False, verify=False, timeout=60)

    def _wait_for(self, ready: Path) -> str:
        until = time.monotonic() + START_SECONDS
        while not ready.exists():
            if self._process.poll() is not None:
                raise RuntimeError(f"the sandbox ended with {self._process.returncode}")
            if time.monotonic() > until:
                raise RuntimeError(f"the sandbox is not ready after {START_SECONDS} s")
            time.sleep(0.02)
        return ready.read_text().strip()

    def stats(self) -> dict[str, Any]:
        """The counters: tasks, creates (refused ones too), uploads kept by provider, upload_requests, by_reference,
        by_prompt, callbacks, polls, credits."""
        return dict(self._get("stats"))

    def tasks(self, *, callback_url: str = "", prompt: str = "") -> list[dict[str, Any]]:
        """Every task in the order of its making; the filters are parts that must occur."""
        found: list[dict[str, Any]] = self._get("tasks", callback_url=callback_url, prompt=prompt)
        return found

    def faults(self) -> dict[str, str]:
        """Every fault word with its help."""
        return dict(self._get("faults"))

    def script(self, match: str, faults: Sequence[str], times: int = 1) -> None:
        """Faults for the next `times` creates whose prompt contains `match` ("*": any)."""
        self._post("script", match=match, faults=list(faults), times=times)

    def reset(self) -> None:
        """Forgets tasks, counters, scripts and changed settings; pending callbacks are dropped."""
        self._post("reset")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Changes speed, hmac_key, balance, fal_balance, enforce_limits, jwks_down, upload_fault, billing_fault."""
        return dict(self._post("settings", **changes))

    def rotate_keys(self) -> None:
        """fal signs with a new key from now on."""
        self._post("rotate-keys")

    def callback(self, task_id: str, **overrides: Any) -> dict[str, Any]:
        """Sends a callback now: {"status", "body"} of the answer. Overrides: outcome, body, headers, signed,
        timestamp, url."""
        return dict(self._post("callback", task_id=task_id, **overrides))

    def finish(self, task_id: str, outcome: str = "success") -> dict[str, Any]:
        """Ends a task now, also one that ended otherwise; its callback goes out."""
        return dict(self._post("finish", task_id=task_id, outcome=outcome))

    def wait_for_callbacks(self, count: int, seconds: float = 60.0) -> None:
        """Waits until so many callbacks have been answered or have failed. Raises AssertionError after `seconds`."""
        until = time.monotonic() + seconds
        while (seen := self.stats()["callbacks"]) < count:
            if time.monotonic() > until:
                raise AssertionError(f"{seen} of {count} callbacks after {seconds} s")
            time.sleep(0.03)

    def stop(self) -> None:
        """Ends the process and waits for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._folder.cleanup()

    def _get(self, path: str, **query: str) -> Any:
        return self._checked(self._client.get(f"/{path}", params=query))

    def _post(self, path: str, **body: Any) -> Any:
        return self._checked(self._client.post(f"/{path}", json=body))

    def _checked(self, response: httpx.Response) -> Any:
        if response.status_code != 200:
            raise AssertionError(f"sandbox control: {response.status_code} {response.text[:300]}")
        return response.json()
