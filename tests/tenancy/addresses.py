"""Every address of the project, read from the URLconf: whatever resolves is in here, the day it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """One pattern: its whole route, its name (with namespace) and its view."""

    route: str
    name: str
    view: Any

    @property
    def arguments(self) -> list[str]:
        return _CONVERTER.findall(self.route)


def filled(route: str, values: Mapping[str, str]) -> str:
    """The path of a route with its arguments given."""
    return "/" + _CONVERTER.sub(lambda found: values[found[1]], route)


def addresses() -> list[Address]:
    """All of them, in the order in which they are tried."""
    return list(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: Any, route: str, space: str) -> Iterator[Address]:
    for pattern in patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern.url_patterns, here, inner)
        else:
            assert isinstance(pattern, URLPattern)
            yield Address(here, space + (pattern.name or ""), pattern.callback)
