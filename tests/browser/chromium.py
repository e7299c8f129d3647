"""The browser itself: Debian's Chromium, or the one that Playwright brought. `python -m tests.browser.chromium`
installs it when it is missing (`make test` does)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (  # it calls nobody at home, and draws without a graphics card
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
)
MISSING = (
    "The browser tests need Chromium, and it could not be installed here. Install the package `chromium` of your "
    "system (Debian: apt-get install chromium) or Google Chrome, and run make test again."
)


def arguments() -> list[str]:
    """What Chromium is started with; root (as in a container) may only start it without its own sandbox."""
    return [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else list(QUIET)


def find() -> str | None:
    """The path of an installed Chromium, one of the system before Playwright's own; None when there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> str | None:
    """Debian's package when we may, else Playwright's download. The path, or None when neither worked."""
    if found := find():
        return found
    apt = shutil.which("apt-get")
    ahead = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if apt and (not ahead or shutil.which("sudo")):
        run = [*ahead, "env", "DEBIAN_FRONTEND=noninteractive", apt]
        if _went_well([*run, "update", "-qq"]):
            _went_well([*run, "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"])
    if not find():
        _went_well([sys.executable, "-m", "playwright", "install", "chromium"])
    return find()


def _went_well(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode == 0


if __name__ == "__main__":
    where = install()
    sys.exit(0 if where else MISSING)
