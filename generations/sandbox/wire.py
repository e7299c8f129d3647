"""Answers as bytes on the wire, good and bad ones."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from werkzeug import Request, Response

ABRUPT = struct.pack("ii", 1, 0)  # linger on, zero seconds: close sends RST
NGINX_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return raw_answer(json.dumps(body), status, headers)


def raw_answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer whose text is ready, good JSON or not."""
    return Response(text, status, headers, mimetype="application/json")


def bad_gateway() -> Response:
    """The page of a proxy in front of the provider."""
    return Response(NGINX_502, 502, mimetype="text/html")


def reset(request: Request) -> NoReturn:
    """Ends the connection with a TCP reset: the client cannot know what became of its request."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)
    raise ConnectionResetError("reset on demand")


def is_to_be_reset(connection: socket.socket) -> bool:
    """Whether `reset` was asked for: such a connection is closed without the polite shutdown before it."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(ABRUPT)) == ABRUPT


def drip(body: bytes, stop: threading.Event, seconds: float = 1.0) -> Iterator[bytes]:
    """The body at one byte every `seconds`, until it ends, the client goes or the sandbox is reset."""
    yield b""  # the headers go out at once
    for index in range(len(body)):
        if stop.wait(seconds):
            return
        yield body[index : index + 1]


def dripping(response: Response, stop: threading.Event) -> Response:
    """The same answer, headers at once and then one byte a second."""
    body = response.get_data()
    headers = {"Content-Length": str(len(body)), "Content-Type": response.headers["Content-Type"]}
    return Response(drip(body, stop), response.status_code, headers, direct_passthrough=True)


def object_of(request: Request) -> dict[str, Any] | None:
    """The request's body when it is a JSON object, else None."""
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
