"""What became of one attempt to send. `error` is a class name and a code, never a server's words: they may quote us."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """The server took it."""


@dataclass(frozen=True)
class Later:
    """Not this time. pause: the server itself is in trouble, leave it alone for a while; quick: it heard nothing of
    this mail yet."""

    error: str
    pause: bool
    quick: bool


@dataclass(frozen=True)
class Never:
    """Refused for good."""

    error: str


Outcome = Sent | Later | Never
