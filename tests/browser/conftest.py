"""One house and one browser for all tests of this folder (tests/conftest.py keeps them together)."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser import chromium, screens
from tests.browser.house import BrowserHouse
from tests.browser.people import Person
from tests.browser.watch import NARROW, WIDE, Watch

_FAILED = pytest.StashKey[bool]()
expect.set_options(timeout=20_000)  # ms; other tests run beside
STARTS_WITHIN = 120_000  # ms


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first of them waits for the house."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="package")
def house() -> Iterator[BrowserHouse]:
    with tempfile.TemporaryDirectory(prefix="fh-browser-", dir="/tmp") as name:
        base = Path(name)
        base.chmod(0o755)  # the database's own user must get in
        house = BrowserHouse.attached() or BrowserHouse(base)
        try:
            house.start()
            yield house
        finally:
            house.stop()


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    """One process of Chromium. Playwright's loop runs in this thread as long as it lives, so no test here may touch
    the tests' own database; the tests of other folders start after it has ended."""
    path = chromium.find()
    assert path, chromium.MISSING
    playwright = sync_playwright().start()
    try:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.arguments(), timeout=STARTS_WITHIN)
        yield browser
        browser.close()
    finally:
        playwright.stop()
        screens.write_index()
    assert asyncio._get_running_loop() is None, "a loop left behind would break the database tests after us"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """`person` hears whether the test went wrong."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture
def person(chrome: Browser, house: BrowserHouse, request: pytest.FixtureRequest) -> Iterator[Callable[..., Person]]:
    """person("olive"), person(): a browser in which one of the seeded people is signed in, or nobody. Everything
    that it meets is held against the rules at the end (tests.browser.watch)."""
    with ExitStack() as stack:
        people: list[Person] = []

        def enter(
            name: str = "",
            *,
            width: int = WIDE,
            script: bool = True,
            expected: tuple[int, ...] = (),
            beyond: tuple[str, ...] = (),
            **more: Any,
        ) -> Person:
            context: BrowserContext = chrome.new_context(
                base_url=house.site,
                viewport={"width": width, "height": screens.HEIGHTS[width]},
                has_touch=width == NARROW,
                java_script_enabled=script,
                reduced_motion="reduce",
                color_scheme="light",
                accept_downloads=True,
                **more,
            )
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            if name:
                cookie = {"name": "session", "value": house.seeded.sessions[name], "url": house.site}
                context.add_cookies([cookie])  # type: ignore[list-item]
            watch = Watch(house.site, expected=expected, beyond=beyond)
            watch.on(context)
            somebody = Person(page=context.new_page(), context=context, watch=watch, house=house)
            people.append(somebody)
            return somebody

        yield enter
        for number, somebody in enumerate(people):
            if request.node.stash.get(_FAILED, True):
                screens.take_failed(somebody.page, f"{request.node.name}-{number}")
            somebody.watch.check()
