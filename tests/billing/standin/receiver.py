"""A webhook endpoint of the tests: takes what is posted and answers as told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """Answers with the statuses in `answers`, one each, then 200; keeps bodies and signatures in order."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.bodies: list[str] = []
        self.signatures: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                receiver.signatures.append(self.headers.get("Stripe-Signature", ""))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/callbacks/stripe"

    def types(self) -> list[str]:
        """The types of the events as they came."""
        return [json.loads(body)["type"] for body in self.bodies]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
