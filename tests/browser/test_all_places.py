"""No page is forgotten: what the table of addresses calls a page has a place in the list that is looked at."""

from __future__ import annotations

from tests.browser.places import NOT_PAGES, PLACES, is_page, of_route
from tests.tenancy.table import RULES

_KINDS = ("public", "person", "team")  # programs have no pages; staff's are Django's admin, but for those listed


def test_every_page_is_looked_at() -> None:
    pages = [
        route
        for route, rule in RULES.items()
        if rule.kind in _KINDS and (rule.methods is None or "GET" in rule.methods) and is_page(route)
    ]
    assert [route for route in pages if not any(of_route(route))] == []


def test_every_place_and_exception_is_an_address() -> None:
    assert [place.route for place in PLACES if place.route is not None and place.route not in RULES] == []
    assert [route for route in NOT_PAGES if route not in RULES] == []


def test_no_picture_overwrites_another() -> None:
    names = [str(place) for place in PLACES]
    assert [name for name in names if names.count(name) > 1] == []
