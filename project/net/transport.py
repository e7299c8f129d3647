"""The wire under httpx: connects only to checked addresses, and every wait counts against one total deadline.

httpx has timeouts per operation and none in total: with `timeout=2.0` a server that sent one byte a second
held it for 25 s (invariants.md section 1 item 8). Here each connect, handshake, send and receive waits at
most for what is left. One connection per exchange: a reused one that the peer has just closed would turn
"surely not sent" into "perhaps sent", and for a paid request that difference is money.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpcore
import httpx

from project.net.errors import TooLarge
from project.net.guard import Target

CONNECT_SECONDS = 10.0  # for one address of several; the total deadline still rules
HEADER_BYTES = 64 * 1024
_PIECE = 256 * 1024


class Clock:
    """A total deadline, in seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left; never below zero."""
        return max(0.0, self._end - time.monotonic())


class Meter:
    """What one exchange did on the wire: whether a byte of the request left, and how much came back."""

    def __init__(self) -> None:
        self.wrote = False
        self.received = 0
        self.limit = HEADER_BYTES  # until the headers are there

    def allow_body(self, max_bytes: int) -> None:
        """Headers are complete: allows the body, with room for chunk framing."""
        self.limit = self.received + 2 * max_bytes + HEADER_BYTES


class Wire(httpcore.NetworkStream):
    """One socket, plain or TLS, on which every wait is bounded by the clock."""

    def __init__(self, sock: socket.socket, *, clock: Clock, meter: Meter) -> None:
        self._sock = sock
        self._clock = clock
        self._meter = meter

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        room = self._meter.limit - self._meter.received
        if room <= 0:
            raise TooLarge("The answer is longer than allowed.")
        self._arm(httpcore.ReadTimeout)
        try:
            data = self._sock.recv(min(max_bytes, room))
        except TimeoutError:
            raise httpcore.ReadTimeout from None
        except OSError:
            raise httpcore.ReadError from None
        self._meter.received += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)  # no sendall: over TLS it gives every piece the whole timeout anew
        while rest:
            self._arm(httpcore.WriteTimeout)
            self._meter.wrote = True
            try:
                rest = rest[self._sock.send(rest[:_PIECE]) :]
            except TimeoutError:
                raise httpcore.WriteTimeout from None
            except OSError:
                raise httpcore.WriteError from None

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Wire:
        try:
            self._arm(httpcore.ConnectTimeout)
            secure = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout from None
        except OSError:
            self.close()
            raise httpcore.ConnectError from None
        return Wire(secure, clock=self._clock, meter=self._meter)

    def close(self) -> None:
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        return self._sock if info == "socket" else None

    def _arm(self, late: type[httpcore.TimeoutException]) -> None:
        left = self._clock.left()
        if left <= 0:
            raise late
        self._sock.settimeout(left)


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the checked addresses of one target, whatever name it is asked for."""

    def __init__(self, target: Target, addresses: Sequence[str], *, clock: Clock, meter: Meter) -> None:
        self._target = target
        self._addresses = addresses
        self._clock = clock
        self._meter = meter

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Wire:
        failure: type[Exception] = httpcore.ConnectTimeout
        for address in self._addresses:
            left = self._clock.left()
            if left <= 0:
                break
            try:
                sock = socket.create_connection((address, self._target.port), min(left, CONNECT_SECONDS))
            except TimeoutError:
                failure = httpcore.ConnectTimeout
            except OSError:
                failure = httpcore.ConnectError
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return Wire(sock, clock=self._clock, meter=self._meter)
        raise failure


class PinnedTransport(httpx.BaseTransport):
    """Carries one httpx request over one pinned connection; the request line is the target's own bytes."""

    def __init__(
        self,
        target: Target,
        addresses: Sequence[str],
        *,
        clock: Clock,
        meter: Meter,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path,
        )
        self._connection = httpcore.HTTPConnection(
            origin=self._url.origin,
            ssl_context=tls,
            network_backend=PinnedBackend(target, addresses, clock=clock, meter=meter),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        answer = self._connection.handle_request(
            httpcore.Request(request.method, self._url, headers=request.headers.raw, content=request.stream)
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(status_code=answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        self._connection.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    def close(self) -> None:
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()
