"""The sandbox over real HTTP, and somebody who listens for its callbacks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.sandbox_client import SandboxProcess

HMAC_KEY = "a key of the tests"


@dataclass(frozen=True)
class Heard:
    """One callback as it arrived."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Ears:
    """Listens on loopback; answers with `statuses` in turn, then 200."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    delay: float = 0.0
    answered: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, count: int, seconds: float = 30.0) -> list[Heard]:
        """The first `count` callbacks, once they are there."""
        eventually(lambda: len(self.heard) >= count, seconds)
        return self.heard[:count]


def eventually(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `true` returns as soon as it is true."""
    until = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.02)
    return value


@pytest.fixture
def ears() -> Iterator[Ears]:
    listening = Ears()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            with listening.lock:
                listening.heard.append(Heard(self.path, {k.lower(): v for k, v in self.headers.items()}, raw))
                status = listening.statuses.pop(0) if listening.statuses else 200
            time.sleep(listening.delay)
            self.send_response(status)
            listening.answered += 1
            if status == 302:
                self.send_header("Location", f"{listening.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # fifty callers at once

    server = Server(("127.0.0.1", 0), Handler)
    listening.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield listening
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provider(sandbox_process: SandboxProcess) -> SandboxProcess:
    """The sandbox, empty, a hundred times as fast."""
    sandbox_process.reset()
    sandbox_process.settings(speed=100, hmac_key=HMAC_KEY, enforce_limits=False, balance=1000.5)
    return sandbox_process


class Kie:
    """A plain client of the KIE dialect."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": "Bearer k"}, trust_env=False, verify=False, timeout=20
        )

    def veo(self, prompt: str, callback: str = "", **more: Any) -> httpx.Response:
        body = {"prompt": prompt, "model": "veo3_fast", **more}
        return self.http.post("/api/v1/veo/generate", json=body | ({"callBackUrl": callback} if callback else {}))

    def market(self, model: str, callback: str = "", **given: Any) -> httpx.Response:
        body = {"model": model, "input": given} | ({"callBackUrl": callback} if callback else {})
        return self.http.post("/api/v1/jobs/createTask", json=body)

    def banana(self, prompt: str, callback: str = "", **more: Any) -> str:
        """A cheap image task; its id."""
        answer = self.market("nano-banana-pro", callback, prompt=prompt, **more).json()
        assert answer["code"] == 200, answer
        task_id: str = answer["data"]["taskId"]
        return task_id

    def record(self, task_id: str, path: str = "jobs/recordInfo") -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get(f"/api/v1/{path}", params={"taskId": task_id}).json()
        return answer

    def ended(self, task_id: str, path: str = "jobs/recordInfo") -> dict[str, Any]:
        """The record's data once it says success or failure."""

        def data() -> dict[str, Any] | None:
            found = self.record(task_id, path).get("data")
            done = found and (found.get("state") in ("success", "fail") or (path[0] != "j" and found["successFlag"]))
            return found if done else None

        found: dict[str, Any] = eventually(data)
        return found


class Fal:
    """A plain client of the fal dialect."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": "Key id:secret"}, trust_env=False, verify=False, timeout=20
        )

    def submit(self, endpoint: str, callback: str = "", **body: Any) -> httpx.Response:
        return self.http.post(f"/{endpoint}", json=body, params={"fal_webhook": callback} if callback else {})

    def qwen(self, prompt: str, callback: str = "", **more: Any) -> dict[str, Any]:
        body = {"image_urls": ["https://img.example/a.png"], "image_size": "square", **more}
        answer = self.submit("fal-ai/qwen-image-edit-plus", callback, prompt=prompt, **body)
        assert answer.status_code == 200, answer.text
        submitted: dict[str, Any] = answer.json()
        return submitted

    def router(self, prompt: str, callback: str = "", **more: Any) -> dict[str, Any]:
        given = {"model": "google/gemini-2.5-flash", "temperature": 0, **more}
        answer = self.submit("openrouter/router", callback, prompt=prompt, **given)
        assert answer.status_code == 200, answer.text
        submitted: dict[str, Any] = answer.json()
        return submitted

    def ended(self, submitted: dict[str, Any]) -> httpx.Response:
        """The result once the status says COMPLETED."""
        eventually(lambda: self.http.get(submitted["status_url"]).status_code == 200)
        return self.http.get(submitted["response_url"])


@pytest.fixture
def kie(provider: SandboxProcess) -> Iterator[Kie]:
    client = Kie(provider.url)
    yield client
    client.http.close()


@pytest.fixture
def fal(provider: SandboxProcess) -> Iterator[Fal]:
    client = Fal(provider.url)
    yield client
    client.http.close()
