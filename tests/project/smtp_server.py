"""A real mail server for tests, on loopback, in a thread: it counts, refuses, hangs, and loses connections as told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Envelope:
    """A mail as it came: who it was said to be from and for, and its bytes."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.data, policy=policy.default)  # type: ignore[return-value]

    def part(self, kind: str) -> str:
        """The body of this content type."""
        (found,) = [part for part in self.message.walk() if part.get_content_type() == kind]
        return str(found.get_content())  # type: ignore[attr-defined]


@dataclass
class Mailbox:
    """What the server saw, and how it is to behave.

    answers: command -> line instead of 250, for CONNECT, EHLO, MAIL, RCPT, DATA (the go-ahead), END (after the dot);
    refuses: recipient -> line; hangs_at: command that gets no answer until `free` is set; drops_at: command after
    which the connection is cut, with END after the mail was taken."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    connections: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    hangs_at: str = ""
    drops_at: str = ""
    free: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)  # the place where it hangs

    def well(self) -> None:
        """From now on it behaves."""
        self.answers, self.refuses, self.hangs_at, self.drops_at = {}, {}, "", ""
        self.free.set()


class _Dropped(Exception):
    pass


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with suppress(OSError, _Dropped):
            self._talk(self.server.mailbox)

    def _talk(self, box: Mailbox) -> None:
        box.connections += 1
        self._answer(box, "CONNECT", "220 test.example ESMTP")
        sender, recipients = "", list[str]()
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            word = word.upper()
            address = rest.partition("<")[2].partition(">")[0]
            if word == "MAIL":
                sender, recipients = address, []
            if word == "RCPT":
                recipients.append(address)
            if word == "QUIT":
                self._say("221 bye")
                return
            if word == "RCPT" and address in box.refuses:
                self._say(box.refuses[address])
            elif word == "DATA":
                if not self._answer(box, "DATA", "354 go on").startswith("354"):
                    continue
                data = self._data()
                if not box.answers.get("END", "250").startswith("250"):
                    self._say(box.answers["END"])
                    continue
                box.taken.append(Envelope(sender, recipients, data))
                self._answer(box, "END", "250 taken")
            else:
                self._answer(box, word, "250 ok")

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:  # the caller is gone, and half a mail is none
                raise _Dropped
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _answer(self, box: Mailbox, place: str, line: str) -> str:
        if box.hangs_at == place:
            box.reached.set()
            box.free.wait(60)
        if box.drops_at == place:
            raise _Dropped
        said = box.answers.get(place, line)
        self._say(said)
        return said

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mailbox: Mailbox


@contextmanager
def smtp_server() -> Iterator[Mailbox]:
    """The server while the context lasts."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.mailbox = Mailbox(port=server.server_address[1])
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.mailbox
        server.mailbox.free.set()
        server.shutdown()
