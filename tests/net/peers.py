"""Peers on loopback that misbehave on purpose: a plain socket each, counted, closed at the end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

Handler = Callable[["Connection"], None]


class Connection:
    """One accepted connection, with the few verbs that handlers need."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over

    def request(self) -> bytes:
        """Reads one whole request and returns it."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.sock.recv(65536)
            if not part:
                return data
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        if b"100-continue" in head:
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            body += self.sock.recv(65536)
        return head + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, *, every: float) -> None:
        """One byte at a time, until all is sent or the test is over."""
        for byte in data:
            self.sock.sendall(bytes((byte,)))
            if self.over.wait(every):
                return

    def hang(self) -> None:
        """Says nothing until the test is over (at most 20 s)."""
        self.over.wait(20)

    def reset(self) -> None:
        """Closes with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Peer:
    """Listens on loopback and runs `handler` for each connection; counts connections."""

    def __init__(self, handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._handler = handler
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server((host, 0))
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.tls_failures = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def url(self, path: str = "/", *, scheme: str = "http") -> str:
        return f"{scheme}://{self.place}{path}"

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:  # the other side hanging up is what these tests are about
            sock.settimeout(20)
            if self._tls is not None:
                try:
                    sock = self._tls.wrap_socket(sock, server_side=True)
                except OSError:
                    self.tls_failures += 1
                    return
            with sock:
                self._handler(Connection(sock, self._over))


def answering(body: bytes, *, status: str = "200 OK", headers: str = "") -> Handler:
    """A handler that reads the request and answers with this body and its true length."""

    def handle(connection: Connection) -> None:
        connection.request()
        head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        connection.send(head.encode() + body)

    return handle


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """The block ends in this time, or the test fails."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took < seconds, f"took {took:.2f} s, allowed {seconds} s"
