"""A storage of its own for each test, and a guard that lets loopback through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    """The folder under which everything is stored."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.OUTBOUND_ALLOW_HOSTS = ("127.0.0.1",)
    settings.SITE_URL = "https://frame.example.com"
    return tmp_path / "media"


def stored(store: Path) -> list[str]:
    """Every file there is, temporary ones too."""
    return sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file())
