"""A look at every page: quiet, small, as wide as the window, fit for everybody in both themes; and its pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import axe, screens
from tests.browser.people import Person
from tests.browser.places import PLACES, Place
from tests.browser.watch import NARROW, WIDE, check_width


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_place(place: Place, person: Callable[..., Person]) -> None:
    somebody = person(place.who, expected=(place.status,) if place.status >= 400 else ())
    seeded = somebody.house.seeded
    path = place.path.format(**seeded.ids, **{f"link_{name}": link for name, link in seeded.links.items()})
    answer = somebody.goes_to(path)
    assert answer.status == place.status
    page, watch = somebody.page, somebody.watch
    assert page.url == f"{somebody.house.site}{path}", "it leads on"
    screens.take(page, place.name, place.state, WIDE)
    watch.check_budget()
    axe.check(page, theme="light")
    axe.check(page, theme="dark")
    page.emulate_media(color_scheme="light")
    screens.take(page, place.name, place.state, NARROW)
    check_width(page)
    watch.check()
