"""What holds for every page: a strict policy, nothing inline, nothing from elsewhere, a way in for the keyboard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client

from generations.models import Generation
from tests.pages.conftest import delivered
from tests.pages.parsing import Page, read
from tests.world import World

OPEN = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
MEMBERS = [
    "/studio",
    "/studio/veo-3.1-fast",
    "/history",
    "/wallet",
    "/wallet/statement",
    "/wallet/spend",
    "/team",
    "/team/budgets",
    "/team/keys",
    "/webhooks",
    "/team/audit",
    "/team/settings",
    "/team/leave",
    "/teams/new",
    "/settings/profile",
    "/settings/sessions",
    "/accounts/2fa/",
    "/accounts/password/change/",
]


def whole(response: Any, status: int = 200) -> Page:
    """A whole page: the policy, one title, one main part, one first heading, a skip link, the token once."""
    page = read(response, status)
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert (policy["style-src"], policy["object-src"], policy["base-uri"]) == ("'self'", "'none'", "'none'")
    titles = page.html.partition("</head>")[0].count("<title>")  # a picture may have one of its own
    assert titles == len(page.all("main")) == len(page.all("h1")) == 1
    assert page.all("title")[0].text.strip()
    assert page.one("html").attrs["lang"] == "en"
    assert page.one("a", klass="skip").attrs["href"] == f"#{page.one('main').attrs['id']}"
    assert "X-CSRFToken" in page.one("body").attrs["hx-headers"]
    scripts = [e.attrs["src"] for e in page.all("script") if e.attrs.get("type") != "application/json"]
    assert scripts[:2] == ["/static/js/app.js", "/static/vendor/htmx.min.js"]
    assert all(source.startswith("/static/") for source in scripts)
    ids = [e.attrs["id"] for e in page.elements if "id" in e.attrs]
    assert len(ids) == len(set(ids))
    for form in page.all("form", method="post"):
        assert "csrfmiddlewaretoken" in page.html, form
    return page


def test_every_open_page(client: Client, world: World) -> None:
    for path in OPEN:
        whole(client.get(path))


def test_every_page_of_members(alice: Client, make: Callable[..., Generation]) -> None:
    done, waiting = delivered(make()), make()
    for path in [*MEMBERS, f"/generations/{done.public_id}", f"/generations/{waiting.public_id}"]:
        whole(alice.get(path))


def test_members_pages_ask_for_sign_in(client: Client, world: World) -> None:
    for path in MEMBERS:
        assert client.get(path).headers["Location"] == f"/accounts/login/?next={path}"


def test_the_landing_page_has_the_price_list_in_force(client: Client, world: World, alice: Client) -> None:
    page = whole(client.get("/"))
    assert "Kling 2.5 Turbo Pro" in page.words
    assert "10 s 84 credits $0.42" in page.words
    assert alice.get("/").headers["Location"] == "/studio"


def test_pages_for_what_went_wrong(client: Client, alice: Client) -> None:
    assert "There is nothing at this address." in whole(client.get("/nowhere"), 404).words
    whole(alice.get("/nowhere"), 404)
    whole(alice.get("/generations/gen_0"), 404)
    for name in ("400.html", "403.html", "429.html", "500.html"):
        page = Page(render_to_string(name))
        assert (page.violations, len(page.all("h1"))) == ([], 1)


def test_a_defect_of_ours_shows_a_page_that_needs_nothing(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from generations import page_queries

    def broken() -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(page_queries, "cards", broken)
    alice.raise_request_exception = False
    page = read(alice.get("/studio"), 500)
    assert "Something broke" in page.words
    assert "on purpose" not in page.html


def test_htmx_is_the_one_that_was_noted_and_is_kept_from_evaluating(client: Client, world: World) -> None:
    path = finders.find("vendor/htmx.min.js")
    notes = finders.find("vendor/README.md")
    assert isinstance(path, str)
    assert isinstance(notes, str)
    with open(path, "rb") as script, open(notes, encoding="utf-8") as text:
        assert hashlib.sha256(script.read()).hexdigest() in text.read()
    config = read(client.get("/")).one("meta", name="htmx-config").attrs["content"]
    assert '"allowEval": false' in config
    assert '"includeIndicatorStyles": false' in config


def test_the_stylesheet_and_script_load_nothing_from_elsewhere() -> None:
    sheets = [path for path in (settings.BASE_DIR / "static").glob("*/*") if path.parent.name in ("css", "js")]
    assert len(sheets) > 8
    for path in [*sheets, settings.BASE_DIR / "static" / "icon.svg"]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(|//[a-z]+\.[a-z]", text.replace("http://www.w3.org/2000/svg", ""))
