"""An outside world for one test: names with the answers that a name server gives, in order, and one TLS listener on
loopback to which every connection is led, whatever address it was meant for. Our own code runs as it is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.net.authority import Authority
from tests.net.peers import Handler, Peer, answering

HOST = "files.example.com"  # the one name that the listener has a certificate for
PUBLIC = ["93.184.216.34"]


class Internet:
    """`names` may be changed at any time; `connected` are the addresses that were called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, peer: Peer) -> None:
        self.names: dict[str, list[list[str]]] = {}
        self.connected: list[tuple[str, int]] = []
        self.asked: list[str] = []
        self.peer = peer
        self._look_up, self._connect = socket.getaddrinfo, socket.create_connection
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)
        monkeypatch.setattr(socket, "create_connection", self._led_here)

    def resolves(self, host: str, *answers: list[str]) -> None:
        """The answers to come for a name; the last one is given for ever."""
        self.names[host] = list(answers)

    def calm(self) -> bool:
        """Nobody was called."""
        return not self.connected and self.peer.connections == 0

    def _resolve(self, host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        try:
            ip_address(str(host))
        except ValueError:
            pass
        else:
            return self._look_up(host, port, *rest, **more)
        self.asked.append(str(host))
        answers = self.names.get(str(host))
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))
            for text in found
        ]

    def _led_here(self, address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
        self.connected.append(address[:2])
        return self._connect(("127.0.0.1", self.peer.port), *rest, **more)


def opened(
    monkeypatch: pytest.MonkeyPatch, settings: Any, folder: Path, handler: Handler | None = None
) -> Iterator[Internet]:
    """The fixture's body: a listener that answers 200 unless told otherwise."""
    authority = Authority(folder)
    settings.OUTBOUND_CA_FILE = authority.file
    with Peer(handler or answering(b"{}"), tls=authority.server(HOST)) as peer:
        internet = Internet(monkeypatch, peer)
        internet.resolves(HOST, PUBLIC)
        yield internet
