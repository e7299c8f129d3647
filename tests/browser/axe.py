"""axe-core on a page: nothing serious or critical for people who see, hear or move differently."""

from __future__ import annotations

import json
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
OF_COLOR = ("color-contrast", "link-in-text-block")  # what another theme can change
_SCRIPT = Axe().axe_script


def check(page: Page, *, theme: str) -> None:
    """The page in `light` or `dark`; in dark only what color decides, when light was looked at before."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if theme == "dark":
        options["runOnly"] = {"type": "rule", "values": list(OF_COLOR)}
    found = page.evaluate(
        """(options) => axe.run(document, options).then((results) => results.violations.map((one) => ({
             id: one.id, impact: one.impact, help: one.help,
             nodes: one.nodes.slice(0, 6).map((node) => `${node.target.join(" ")}: ${node.failureSummary}`),
           })))""",
        options,
    )
    grave = [one for one in found if one["impact"] in GRAVE]
    assert not grave, f"axe, {theme}, {page.url}:\n{json.dumps(grave, indent=1)}"
