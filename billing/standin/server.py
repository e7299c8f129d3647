"""The process: arguments, the listening socket, the threads, an orderly end."""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from billing.standin import deliveries, settling, wire
from billing.standin.app import App
from billing.standin.world import Settings, World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Server(ThreadedWSGIServer):
    """A thread a request; a connection that asked for a reset gets one."""

    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        """Without the polite shutdown when the client is to see a reset."""
        if isinstance(request, socket.socket) and wire.is_to_be_reset(request):
            self.close_request(request)
        else:
            super().shutdown_request(request)


class Handler(WSGIRequestHandler):
    """Closes a connection that was dropped instead of waiting for its next request."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """No further request on this connection."""
        self.close_connection = True


class Quiet(Handler):
    """Logs errors only."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("stripe_standin", description="A stand-in for Stripe. No real money.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8910, help="0: any free port")
    parser.add_argument("--webhook-url", default="", help="where events are posted; none: nowhere")
    parser.add_argument("--webhook-secret", default="", help="events are signed with it (whsec_...)")
    parser.add_argument("--public-url", default="", help="of the hosted pages, as a browser reaches them")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster webhooks are tried again")
    parser.add_argument(
        "--settle-seconds", type=float, default=Settings.settle_seconds, help="of what takes a while; 0: when told"
    )
    parser.add_argument("--state-file", type=Path, help="keeps everything across restarts")
    parser.add_argument("--ready-file", type=Path, help="gets the address as soon as requests are answered")
    parser.add_argument("--stop-on-eof", action="store_true", help="ends when standard input ends")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    return parser.parse_args(argv)


def run(argv: Sequence[str] | None = None) -> int:
    """Serves until SIGINT, SIGTERM or, when asked, the end of standard input. Returns 0, 1 when it cannot begin."""
    given = arguments(argv)
    logging.basicConfig(level=logging.WARNING if given.quiet else logging.INFO, format="%(name)s %(message)s")
    settings = Settings(
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret or f"whsec_{secrets.token_urlsafe(24)}",
        speed=given.speed,
        settle_seconds=given.settle_seconds,
    )
    try:
        world = World(settings, given.state_file)
    except (ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{given.state_file} holds no state of the stand-in ({error}): delete it to begin anew.\n")
        return 1
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt)
    server = Server(given.host, given.port, App(world), Quiet if given.quiet else Handler)
    url = f"http://{given.host}:{server.server_port}"
    world.at_start = world.settings = replace(settings, public_url=given.public_url or url)
    world.move_pages()
    try:
        for work in (deliveries.deliver_for_ever, settling.settle_for_ever):
            threading.Thread(target=work, args=(world,), daemon=True).start()
        if given.stop_on_eof:
            threading.Thread(target=_watch_input, daemon=True).start()
        if given.ready_file is not None:
            _say_ready(given.ready_file, url)
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    with world.lock:
        world.closed = True
        world.epoch.set()
        world.changed.notify_all()
        world.save()
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
