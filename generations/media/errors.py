"""Why bytes are not taken as media. Both carry a sentence of our own, never a decoder's text."""

from __future__ import annotations


class BadMedia(Exception):
    """A stored or downloaded file that is not the picture or film it should be. `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UploadRefused(Exception):
    """A user's file that we do not take.

    `message` is a sentence for the user; `code` is empty, too_large, wrong_type, too_many_pixels, animated
    or damaged.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
