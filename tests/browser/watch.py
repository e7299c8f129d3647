"""What each page must keep to while somebody looks at it: no complaint in the console, no broken policy, no failed
request, no other host, few and small files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

MOST_REQUESTS = 20
MOST_BYTES = 150 * 1024  # of css and js, as the browser reads them
NARROW, WIDE = 390, 1280  # px
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} refuses ${event.blockedURI} at ${event.sourceFile}`);
});
"""
_TOO_WIDE = """
() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const edge = (one) => Math.round(one.getBoundingClientRect().right);
  const out = [...document.body.querySelectorAll("*")].filter((one) => edge(one) > root.clientWidth + 1);
  return [`${root.scrollWidth} px in ${root.clientWidth}`,
          ...out.slice(0, 8).map((one) => `<${one.localName} class="${one.className}"> to ${edge(one)}`)];
}
"""
_CUT_SHORT = "net::ERR_ABORTED"  # a poll or a film that the next page or a download ended: nobody's fault
# The price of what was chosen meanwhile replaces one that was asked for; what fails otherwise says so by another word.
_REPLACED = ("htmx:afterRequest,", "htmx:sendAbort,")
_sizes: dict[str, int] = {}  # bytes by address of a css or js file


@dataclass
class Watch:
    """Listens to one context. `expected`: statuses of 400 and above that this journey asks for. `beyond`: hosts
    that it leads to on purpose."""

    site: str
    expected: Collection[int] = ()
    beyond: Collection[str] = ()
    wrong: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def on(self, context: BrowserContext) -> None:
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", self._broke)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)

    def _ours(self, url: str) -> bool:
        return url.startswith(self.site)

    def _said(self, message: ConsoleMessage) -> None:
        where = message.location["url"] if message.location else ""
        if message.type not in ("error", "warning") or (where and not self._ours(where)):
            return
        if any(f"status of {status} " in message.text for status in self.expected):
            return
        if message.text.startswith(_REPLACED):
            return
        self.wrong.append(f"console {message.type}: {message.text} ({where})")

    def _broke(self, error: WebError) -> None:
        self.wrong.append(f"page error: {error.error} ({error.page.url if error.page else ''})")

    def _asked(self, request: Request) -> None:
        self.requests.append(request)
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and not self._ours(request.url) and parts.netloc not in self.beyond:
            self.wrong.append(f"asks another host: {request.url}")

    def _answered(self, response: Response) -> None:
        self.responses.append(response)
        if response.status >= 400 and response.status not in self.expected:
            self.wrong.append(f"{response.status} of {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != _CUT_SHORT:
            self.wrong.append(f"{request.failure} at {request.url}")

    # --- what is asked of it
    def begin(self) -> None:
        """Forgets what was loaded, before a page that is measured."""
        self.requests.clear()
        self.responses.clear()

    def check(self) -> None:
        """Nothing was wrong since the last check."""
        found, self.wrong = self.wrong, []
        assert not found, "\n".join(found)

    def check_budget(self) -> None:
        """The page since `begin` kept to its limits, with nothing in the browser's cache."""
        asked = [request.url for request in self.requests if urlsplit(request.url).scheme in ("http", "https")]
        assert len(asked) <= MOST_REQUESTS, f"{len(asked)} requests:\n" + "\n".join(asked)
        sizes = {}
        for response in self.responses:
            if response.request.resource_type in ("stylesheet", "script") and response.ok:
                if response.url not in _sizes:
                    _sizes[response.url] = len(response.body())
                sizes[response.url] = _sizes[response.url]
        assert sizes, "a page of ours has a style sheet"
        assert sum(sizes.values()) <= MOST_BYTES, f"{sum(sizes.values())} bytes of css and js: {sizes}"


def check_width(page: Page) -> None:
    """Nothing makes the page wider than its window."""
    wider: list[str] = page.evaluate(_TOO_WIDE)
    assert not wider, f"{page.url} scrolls sideways: {wider}"
