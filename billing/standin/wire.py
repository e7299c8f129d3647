"""Answers as bytes, a connection closed without one, our own POST of a webhook."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import struct
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from werkzeug import Request, Response

ABRUPT = struct.pack("ii", 1, 0)  # linger on, zero seconds: close sends RST
TIMEOUT = 10.0  # seconds that a webhook may take to answer
MOST_ANSWER = 64 * 1024  # bytes of it that are read


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body, indent=2), status, headers, mimetype="application/json")


def reset(request: Request) -> NoReturn:
    """Ends the connection with a TCP reset: the client cannot know what became of its request."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)
    raise ConnectionResetError("reset on demand")


def is_to_be_reset(connection: socket.socket) -> bool:
    """Whether `reset` was asked for."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(ABRUPT)) == ABRUPT


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """One POST: the status and the beginning of the answer; status 0 and why when there was no answer."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("POST", parts.path or "/", body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read(MOST_ANSWER).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
