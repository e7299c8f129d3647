"""Pictures of every page, kept in build/screens to look at, with an index beside them."""

from __future__ import annotations

import html
import re
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.watch import NARROW, WIDE
from tests.project.processes import ROOT

FOLDER = ROOT / "build" / "screens"
_HEAD = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Screens</title>
<style>body { font: 16px sans-serif; margin: 2rem } a { margin-right: 1rem } img { border: 1px solid #888 }</style>
<h1>Screens</h1>
"""
FAILED = FOLDER / "failed"
MOST_HEIGHT = 6_000  # px
PATIENCE = 60_000  # ms; other tests run beside
HEIGHTS = {NARROW: 844, WIDE: 900}


def take(page: Page, name: str, state: str, width: int) -> None:
    """The page at this width, of a long one the beginning; the window keeps the width."""
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    FOLDER.mkdir(parents=True, exist_ok=True)
    height = min(MOST_HEIGHT, page.evaluate("() => document.documentElement.scrollHeight"))
    page.screenshot(
        path=FOLDER / f"{name}-{state}-{width}.png",
        full_page=True,
        clip={"x": 0, "y": 0, "width": width, "height": height},
        animations="disabled",
        timeout=PATIENCE,
    )


def take_failed(page: Page, name: str) -> None:
    """What stood on the screen when a test failed."""
    FAILED.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FAILED / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png", timeout=PATIENCE)


def write_index(folder: Path = FOLDER) -> None:
    """index.html with all pictures there are: one row a page and state, narrow beside wide."""
    rows: dict[str, dict[int, str]] = {}
    for path in sorted(folder.glob("*.png")):
        name, _, width = path.stem.rpartition("-")
        rows.setdefault(name, {})[int(width)] = path.name
    shown = "\n".join(f"<h2>{html.escape(name)}</h2>\n{_pictures(of)}" for name, of in rows.items())
    if rows:
        (folder / "index.html").write_text(f"{_HEAD}{shown}\n</html>\n", encoding="utf-8")


def _pictures(files: dict[int, str]) -> str:
    """Narrow first, at half their size."""
    return "\n".join(
        f'<a href="{file}"><img src="{file}" width="{width // 2}" loading="lazy" alt="at {width} px"></a>'
        for width, file in sorted(files.items())
    )
