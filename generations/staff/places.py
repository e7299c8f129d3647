"""The place in a long list as it stands in an address: `older` or `newer`, the parts of a key between tildes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from generations.staff.desk import StaffRequest
from project.paging import Page, Side, Window

PER_PAGE = 50


def window_of(request: StaffRequest) -> Window:
    """The part of a list that the address names."""
    side: Side = "newer" if request.GET.get("newer") else "older"
    place = request.GET.get(side, "")
    return Window(PER_PAGE, side, tuple(place.split("~")) if place else None)


def ways_on(page: Page[Any], kept: Mapping[str, str]) -> dict[str, str]:
    """Addresses of the pages beside, for components/pagination.html."""
    return {
        "newer": "?" + urlencode({**kept, "newer": "~".join(page.newer)}) if page.newer else "",
        "older": "?" + urlencode({**kept, "older": "~".join(page.older)}) if page.older else "",
    }
