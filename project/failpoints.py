"""Named places where tests let a process die, as kill -9 would (faults.md section A). Nothing in production."""

from __future__ import annotations

import os

from django.conf import settings

KILLED = 137


def failpoint(name: str) -> None:
    """Ends this process at once, without any clean-up, when FAILPOINT names this place and the mode is test."""
    if settings.TESTING and os.environ.get("FAILPOINT") == name:
        os._exit(KILLED)
