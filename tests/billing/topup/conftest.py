"""Browsers, and purchases as they rest in the database."""

from __future__ import annotations

from tests.pages.conftest import alice, browser, make  # noqa: F401 - fixtures of the pages, used here too
