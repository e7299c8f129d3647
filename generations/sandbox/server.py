"""The process: arguments, the listening socket, an orderly end."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from generations.sandbox import wire
from generations.sandbox.app import App
from generations.sandbox.world import Settings, World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Server(ThreadedWSGIServer):
    """A thread a request; a connection that asked for a reset gets one."""

    def shutdown_request(self, request: Any) -> None:
        """Without the polite shutdown when the client is to see a reset."""
        if isinstance(request, socket.socket) and wire.is_to_be_reset(request):
            self.close_request(request)
        else:
            super().shutdown_request(request)


class Handler(WSGIRequestHandler):
    """Closes a connection that was dropped, by either side, instead of waiting for its next request."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """No further request on this connection."""
        self.close_connection = True


class Quiet(Handler):
    """Logs errors only."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("sandbox", description="A provider to develop against: KIE and fal on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900, help="0: any free port")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than real; default 1")
    parser.add_argument("--hmac-key", default="", help="KIE callbacks are signed with it; none: unsigned")
    parser.add_argument("--balance", type=float, default=Settings.balance, help="KIE credits at the start")
    parser.add_argument("--ready-file", type=Path, help="gets the address as soon as requests are answered")
    parser.add_argument("--stop-on-eof", action="store_true", help="ends when standard input ends")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    return parser.parse_args(argv)


def run(argv: Sequence[str] | None = None) -> int:
    """Serves until SIGINT, SIGTERM or, when asked, the end of standard input. Returns 0."""
    given = arguments(argv)
    logging.basicConfig(level=logging.WARNING if given.quiet else logging.INFO, format="%(name)s %(message)s")
    world = World(Settings(speed=given.speed, hmac_key=given.hmac_key, balance=given.balance))
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt)
    server = Server(given.host, given.port, App(world), Quiet if given.quiet else Handler)
    try:
        if given.stop_on_eof:
            threading.Thread(target=_watch_input, daemon=True).start()
        if given.ready_file is not None:
            _say_ready(given.ready_file, f"http://{given.host}:{server.server_port}")
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    world.reset()  # ends what waits
    return 0


def _say_ready(path: Path, address: str) -> None:
    """Writes the file in one step: whoever sees it sees it whole."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(f"{address}\n")
    draft.replace(path)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _watch_input() -> None:
    while os.read(0, 1024):  # not sys.stdin: a thread inside its lock aborts the interpreter's end
        pass
    os.kill(os.getpid(), signal.SIGTERM)
