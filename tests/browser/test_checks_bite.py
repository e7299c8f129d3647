"""What holds every page against the rules is itself held against pages that break each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import axe, screens
from tests.browser.watch import MOST_BYTES, MOST_REQUESTS, NARROW, Watch, check_width

SITE = "http://house.test"
POLICY = "default-src 'self'; script-src 'self'"
HEAD = '<!DOCTYPE html><html lang="en"><title>A page</title><link rel="stylesheet" href="/page.css">'
FILES = {
    "/page.css": ("text/css", "body { color: #222; background: #fff } @media (prefers-color-scheme: dark) {"
                  " body { color: #444; background: #333 } }"),
    "/loud.js": ("text/javascript", "console.error('something broke')"),
    "/throws.js": ("text/javascript", "throw new Error('nobody catches me')"),
    "/vast.js": ("text/javascript", f"/* {'x' * MOST_BYTES} */"),
}  # fmt: skip


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    context = chrome.new_context(base_url=SITE, viewport={"width": NARROW, "height": 700})
    yield context.new_page()
    context.close()


def shown(page: Page, body: str) -> Watch:
    """Opens a page with this body under the house's kind of policy."""
    watch = Watch(SITE)
    watch.on(page.context)

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE).partition("?")[0]
        if path == "/":
            headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
            route.fulfill(status=200, headers=headers, body=f"{HEAD}<main><h1>A page</h1>{body}</main>")
        elif path in FILES:
            route.fulfill(status=200, content_type=FILES[path][0], body=FILES[path][1])
        else:
            route.fulfill(status=404, body="")

    page.context.route("**/*", answer)
    page.goto("/")
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))")
    return watch


def test_a_good_page_passes(page: Page) -> None:
    watch = shown(page, "<p>Nothing wrong</p>")
    watch.check()
    watch.check_budget()
    check_width(page)
    axe.check(page, theme="light")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<p style="color: red">red</p>', "CSP: style-src"),
        ("<script>1</script>", "CSP: script-src"),
        ('<script src="/loud.js"></script>', "something broke"),
        ('<script src="/throws.js"></script>', "nobody catches me"),
        ('<img src="/gone.png" alt="">', "404 of GET"),
        ('<link rel="stylesheet" href="http://cdn.test/a.css">', "asks another host"),
    ],
)
def test_what_goes_wrong_is_heard(page: Page, body: str, words: str) -> None:
    watch = shown(page, body)
    with pytest.raises(AssertionError, match=words):
        watch.check()


def test_too_many_requests(page: Page) -> None:
    watch = shown(page, "".join(f'<link rel="stylesheet" href="/page.css?{at}">' for at in range(MOST_REQUESTS)))
    with pytest.raises(AssertionError, match="requests"):
        watch.check_budget()


def test_too_many_bytes(page: Page) -> None:
    watch = shown(page, '<script src="/vast.js"></script>')
    with pytest.raises(AssertionError, match="bytes of css and js"):
        watch.check_budget()


def test_too_wide(page: Page) -> None:
    shown(page, f"<pre>{'wide ' * 100}</pre>")
    with pytest.raises(AssertionError, match="scrolls sideways"):
        check_width(page)


@pytest.mark.parametrize(
    ("theme", "body", "rule"),
    [("light", '<input name="q">', "label"), ("dark", "<p>grey on grey</p>", "color-contrast")],
)
def test_axe_finds(page: Page, theme: str, body: str, rule: str) -> None:
    shown(page, body)
    with pytest.raises(AssertionError, match=rule):
        axe.check(page, theme=theme)


def test_the_index_shows_each_picture(page: Page, tmp_path: Path) -> None:
    for name in ("wallet-empty-390.png", "wallet-empty-1280.png", "wallet-full-390.png"):
        (tmp_path / name).write_bytes(b"")
    screens.write_index(tmp_path)
    page.goto((tmp_path / "index.html").as_uri())
    expect(page.get_by_role("heading", level=2)).to_have_text(["wallet-empty", "wallet-full"])
    expect(page.get_by_role("img")).to_have_count(3)
