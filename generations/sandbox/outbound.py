"""The sandbox's own HTTP requests: callbacks out, input images in. No redirects, no proxy, bounded."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

AGENT = "framehouse-sandbox/1"
NEVER_RESOLVES = (".example", ".invalid", ".test")  # RFC 6761: nothing to ask a name server


class Unreachable(Exception):
    """No answer: no such host, refused, too slow, too large, not HTTP."""


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    content_type: str
    body: bytes


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float,
    most: int,
) -> Reply:
    """One request. `timeout` in seconds for each wait and, doubled, for the whole; `most` in bytes of the answer.

    Raises Unreachable."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or host.endswith(NEVER_RESOLVES):
        raise Unreachable(f"no host to ask at {parts.scheme}://{host}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    until = time.monotonic() + 2 * timeout
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=timeout, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout)
    try:
        connection.request(method, path, body, {"User-Agent": AGENT, **(headers or {})})
        response = connection.getresponse()
        received = b""
        while chunk := response.read1(65536):
            received += chunk
            if len(received) > most or time.monotonic() > until:
                raise Unreachable("too large or too slow")
        return Reply(response.status, response.headers.get_content_type(), received)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(type(error).__name__) from error
    finally:
        connection.close()
