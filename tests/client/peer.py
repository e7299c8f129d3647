"""A real HTTP server on loopback that plays what it is told to, and counts what arrived."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Say:
    """An answer. `cut`: its last byte is never sent, and the connection ends."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body or {}).encode()


@dataclass(frozen=True)
class Drop:
    """The connection ends without an answer."""


@dataclass(frozen=True)
class Hang:
    """No answer for so many seconds, or until the peer is stopped; then an empty one."""

    seconds: float


@dataclass(frozen=True)
class Forward:
    """The real server answers; with `lost` its answer never arrives."""

    lost: bool = False


Act = Say | Drop | Hang | Forward


class Peer:
    """Answers with `acts` in turn, and then with `then`; `to` is where Forward leads."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.acts: list[Act] = []
        self.then: Act = Say(200)
        self.to = ""
        self.over = threading.Event()
        lock = threading.Lock()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                heard = Heard(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                with lock:
                    peer.heard.append(heard)
                    act = peer.acts.pop(0) if peer.acts else peer.then
                peer.play(self, act, heard)

            do_GET = do_POST = do_PATCH = do_DELETE = do  # noqa: N815 - the names that http.server calls

            def log_message(self, format: str, *args: object) -> None:
                """Not into the tests' output."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                if not isinstance(sys.exception(), ConnectionError):  # a client that gave up is no error
                    super().handle_error(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def play(self, handler: BaseHTTPRequestHandler, act: Act, heard: Heard) -> None:
        if isinstance(act, Hang):
            self.over.wait(act.seconds)
            act = Say(200)
        if isinstance(act, Forward):
            passed = {k: v for k, v in heard.headers.items() if k not in ("host", "content-length", "connection")}
            answer = httpx.request(
                heard.method, self.to + heard.path, headers=passed, content=heard.body, trust_env=False, timeout=60
            )
            kept = {k: v for k, v in answer.headers.items() if k in ("content-type", "location", "retry-after")}
            act = Drop() if act.lost else Say(answer.status_code, answer.content, kept)
        if not isinstance(act, Say):
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(act.status)
        for name, value in {"Content-Type": "application/json", **act.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(act.content)))
        handler.end_headers()
        handler.wfile.write(act.content[:-1] if act.cut else act.content)
        handler.close_connection |= act.cut

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
