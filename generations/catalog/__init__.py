"""The models on offer, in the order of catalogue.md. Adding one is adding a file to `entries/`."""

from __future__ import annotations

import importlib
import pkgutil

from generations.catalog import entries
from generations.catalog.base import Entry, InputError, Line

__all__ = ["ENTRIES", "Entry", "InputError", "Line", "get", "names"]


def _discover() -> dict[str, Entry]:
    found: list[Entry] = []
    for module in pkgutil.iter_modules(entries.__path__, f"{entries.__name__}."):
        found += importlib.import_module(module.name).ENTRIES
    found.sort(key=lambda entry: entry.position)
    return {entry.slug: entry for entry in found}


ENTRIES: dict[str, Entry] = _discover()


def get(slug: str) -> Entry:
    """The entry of a slug. Raises KeyError when there is none."""
    return ENTRIES[slug]


def names() -> dict[str, str]:
    """Name by slug, in the order of the catalogue (settings.MODEL_NAMES)."""
    return {slug: entry.name for slug, entry in ENTRIES.items()}
