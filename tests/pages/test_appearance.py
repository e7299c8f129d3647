"""Light, dark or as the system has it; kept by the browser, never by the account."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.pages.parsing import read
from tests.world import World


def choose(client: Client, theme: str, came_from: str = "http://testserver/studio?kind=video") -> str:
    response = client.post("/appearance", {"theme": theme}, headers={"referer": came_from})
    assert response.status_code == 303
    return response.headers["Location"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_holds_on_every_page_from_then_on(client: Client, alice: Client, world: World, theme: str) -> None:
    for browser in (client, alice):
        assert choose(browser, theme) == "/studio?kind=video"
        page = read(browser.get("/accounts/login/", follow=True))
        assert page.one("html").attrs["data-theme"] == theme
        assert page.one("meta", name="color-scheme").attrs["content"] == theme


def test_the_system_decides_until_somebody_does(client: Client, world: World) -> None:
    assert "data-theme" not in read(client.get("/")).one("html").attrs
    choose(client, "dark")
    choose(client, "system")
    assert "data-theme" not in read(client.get("/")).one("html").attrs


@pytest.mark.parametrize("theme", ["", "neon", '"><script>'])
def test_what_is_no_theme_changes_nothing(client: Client, world: World, theme: str) -> None:
    choose(client, "dark")
    choose(client, theme)
    assert read(client.get("/")).one("html").attrs["data-theme"] == "dark"
    client.cookies["theme"] = theme
    assert "data-theme" not in read(client.get("/")).one("html").attrs


@pytest.mark.parametrize(
    "came_from",
    [
        "https://elsewhere.example/studio",
        "http://testserver//elsewhere.example",
        "http://testserver:81/studio",
        "//[::1",
        "javascript:alert(1)",
        "studio",
        "",
    ],
)
def test_it_never_leads_elsewhere(client: Client, world: World, came_from: str) -> None:
    assert choose(client, "dark", came_from) == "/"
