"""Generations with what they made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generations.models import Generation
from tests.pages.conftest import delivered

Made = Callable[..., Generation]


def put(generation: Generation, size: int = 4096) -> None:
    """The files that its outputs name."""
    for output in generation.outputs.all():
        for name in (output.name, output.preview):
            default_storage.save(name, ContentFile(bytes([output.index]) * size))


@pytest.fixture
def made(make: Callable[..., Generation]) -> Made:
    """made(slug, outputs=, by=user, text=): one that succeeded, its files in the storage."""

    def finish(slug: str = "veo-3.1-fast", /, *, outputs: int = 1, text: str = "", **data: Any) -> Generation:
        row = delivered(make(slug, **data), outputs=outputs, text=text)
        put(row)
        return row

    return finish
