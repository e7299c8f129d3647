"""What can go wrong outside, told by the one thing that matters to money: was something sent?

Every message is a sentence of our own. Library texts can hold header values and addresses, and those hold
keys.
"""

from __future__ import annotations


class NetError(Exception):
    """An exchange without a usable answer. `sent` is False only where nothing can have left this machine."""

    sent = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSent(NetError):
    """Proof that not one byte of the request left: no address, no connection, no TLS (faults.md row 4)."""

    sent = False


class Refused(NotSent):
    """Our own guard said no: the address is not one that we call."""


class Unresolvable(Refused):
    """The host has no address, or none was found in time. Unlike other refusals this may change by itself."""


class Lost(NetError):
    """The request may have been received and acted on, and there is no answer to tell."""


class TooLarge(Lost):
    """The answer is longer than the caller takes."""


class DeadlineExceeded(Lost):
    """The total time ran out after the first byte was sent."""
