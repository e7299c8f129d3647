"""The one maker of HTTP clients: guard, pinned address, total deadline, byte cap, no redirects.

A client lives for one exchange. Nothing is made at import, so nothing is shared over a worker's fork.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import certifi
import httpcore
import httpx
from django.conf import settings

from project.net.errors import DeadlineExceeded, Lost, NetError, NotSent, TooLarge
from project.net.guard import Guard, Resolver, Target, parse, system_resolve, vet
from project.net.transport import Clock, Meter, PinnedTransport

# Their info and debug lines hold addresses and headers, and those hold tokens and keys (faults.md row 13).
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)
_WIRE_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


@dataclass(frozen=True)
class Response:
    """An answer. Header names are lower-case; a repeated header is joined by commas. `truncated`: the body is only the
    beginning of what there was, or would have been."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    truncated: bool = False


@dataclass(frozen=True)
class StreamResult:
    """What was written to the sink: length in bytes, SHA-256 in hex. Nothing unless the status is 200."""

    status: int
    headers: Mapping[str, str]
    bytes: int
    sha256: str


def fetch(
    *,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    content: bytes | None = None,
    deadline: float,
    max_bytes: int,
    guard: Guard,
    resolve: Resolver = system_resolve,
    cut: bool = False,
) -> Response:
    """One exchange; any status is an answer, redirects too.

    `deadline` is seconds for everything: DNS, connect, TLS, sending, receiving. `max_bytes` bounds the body.
    Raises NotSent (proof that nothing was sent; Refused by the guard among them) or Lost (anything else). With `cut`
    the status is what counts: once it is there nothing raises, and a body that is too long or does not end well is
    truncated.
    """
    body = bytearray()
    call = _Call(method, url, deadline, max_bytes, guard, resolve, headers=headers, json=json, content=content)
    with _exchange(call) as (answer, clock):
        truncated = False
        if cut:
            truncated = _read_beginning(answer, clock, max_bytes, body)
        else:
            _read(answer, clock, max_bytes, body.extend)
        return Response(answer.status_code, dict(answer.headers), bytes(body), url, truncated)


def stream(
    *,
    url: str,
    deadline: float,
    max_bytes: int,
    guard: Guard,
    sink: BinaryIO,
    resolve: Resolver = system_resolve,
) -> StreamResult:
    """GETs a file into `sink` piece by piece; the body of any status but 200 is left unread.

    Raises as fetch does; what was written before stays in the sink. The sink's own errors pass through.
    """
    digest = hashlib.sha256()
    total = 0

    def take(piece: bytes) -> None:
        nonlocal total
        total += len(piece)
        digest.update(piece)
        sink.write(piece)

    with _exchange(_Call("GET", url, deadline, max_bytes, guard, resolve)) as (answer, clock):
        if answer.status_code == 200:
            _read(answer, clock, max_bytes, take)
        return StreamResult(answer.status_code, dict(answer.headers), total, digest.hexdigest())


@dataclass(frozen=True)
class _Call:
    method: str
    url: str
    deadline: float
    max_bytes: int
    guard: Guard
    resolve: Resolver
    headers: Mapping[str, str] | None = None
    json: Any = None
    content: bytes | None = None


@contextmanager
def _exchange(call: _Call) -> Iterator[tuple[httpx.Response, Clock]]:
    clock, meter = Clock(call.deadline), Meter()
    target = parse(call.url)
    addresses = vet(target, call.guard, seconds=clock.left(), resolve=call.resolve)
    tls = _tls(getattr(settings, "OUTBOUND_CA_FILE", None)) if target.scheme == "https" else None
    transport = PinnedTransport(target, addresses, clock=clock, meter=meter, tls=tls)
    try:
        with httpx.Client(
            transport=transport, trust_env=False, follow_redirects=False, timeout=call.deadline
        ) as client:
            answer = client.send(_request(client, target, call), stream=True)
            meter.allow_body(call.max_bytes)
            try:
                yield answer, clock
            finally:
                answer.close()
    except _WIRE_ERRORS as error:
        # `from None`: the library's text can hold a header value, and that can hold a key.
        raise _verdict(error, clock=clock, meter=meter) from None


def _request(client: httpx.Client, target: Target, call: _Call) -> httpx.Request:
    """The request with our headers. It names the origin only: the transport knows the path."""
    try:
        headers = httpx.Headers({"User-Agent": f"Framehouse/1.0 (+{settings.SITE_URL})", "Accept": "*/*"})
        headers.update(call.headers or {})
        headers.update({"Accept-Encoding": "identity", "Connection": "close"})
        return client.build_request(call.method, target.origin, headers=headers, json=call.json, content=call.content)
    except ValueError:  # NaN in the JSON, a header that is not ASCII
        raise NotSent("The request could not be put into words.") from None


def _read(answer: httpx.Response, clock: Clock, max_bytes: int, take: Callable[[bytes], None]) -> None:
    """Hands the body to `take` piece by piece, and stops at the cap and at the deadline."""
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Lost("The answer is compressed, which was not asked for.")
    declared = answer.headers.get("content-length", "")
    if answer.request.method != "HEAD" and declared.isdigit() and int(declared) > max_bytes:
        raise TooLarge("The answer is longer than allowed.")
    total = 0
    for piece in answer.iter_raw():
        total += len(piece)
        if total > max_bytes:
            raise TooLarge("The answer is longer than allowed.")
        if clock.left() <= 0:
            raise DeadlineExceeded("The answer was not complete in time.")
        take(piece)


def _read_beginning(answer: httpx.Response, clock: Clock, max_bytes: int, body: bytearray) -> bool:
    """The body as far as it comes before the cap and the deadline; returns whether there was to be more. A compressed
    one, which was not asked for, is left unread."""
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        return True
    try:
        for piece in answer.iter_raw():
            room = max_bytes - len(body)
            body.extend(piece[:room])
            if len(piece) > room or clock.left() <= 0:
                return True
    except (*_WIRE_ERRORS, TooLarge):
        return True
    return False


def _verdict(error: Exception, *, clock: Clock, meter: Meter) -> NetError:
    """NotSent where the wire proves it, Lost for all the rest."""
    if not meter.wrote:
        if isinstance(error, httpcore.ConnectTimeout):
            return NotSent("The host did not take the connection in time.")
        if isinstance(error, httpcore.ConnectError):
            return NotSent("The host refused the connection, or could not prove who it is.")
        return NotSent("The request could not be put into words.")
    if clock.left() <= 0:
        return DeadlineExceeded("The answer was not complete in time.")
    if isinstance(error, httpcore.ProtocolError):
        return Lost("The host hung up early, or answered with something that is not HTTP.")
    return Lost("The connection broke.")


@functools.lru_cache(maxsize=4)
def _tls(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or certifi.where())
