"""A new address without a line in the table is a red test, and so is a line whose address is gone."""

from __future__ import annotations

import re

from tests.tenancy.addresses import addresses
from tests.tenancy.rules import METHODS
from tests.tenancy.table import RULES, TWICE, rule_of


def test_every_address_has_a_rule() -> None:
    assert [f"{a.route} ({a.name})" for a in addresses() if rule_of(a.route, a.name) is None] == []


def test_every_rule_has_an_address() -> None:
    routes = {address.route for address in addresses()}
    assert [route for route in RULES if route not in routes] == []


def test_no_route_stands_twice() -> None:
    """One of the two would never be reached, and its line would answer for the other."""
    routes = [address.route for address in addresses()]
    assert {route for route in routes if routes.count(route) > 1} == TWICE


def test_every_argument_is_filled() -> None:
    for address in addresses():
        rule = rule_of(address.route, address.name)
        assert rule is not None
        named = set(rule.ids) | set(rule.given)
        assert rule.path or named == set(address.arguments), address.route
        assert set(rule.answers) <= set(METHODS)
        if rule.kind == "team":
            assert rule.permission, address.route
        for name in address.arguments:
            if re.search(r"id$|^pk$", name) and address.route.startswith(("team", "settings", "generations", "api/")):
                assert name in rule.ids, f"{address.route}: {name} names a thing of a team"


def test_the_walk_sees_the_whole_house() -> None:
    seen = {address.route for address in addresses()}
    assert {"", "wallet", "api/v1/key", "accounts/login/", "admin/", "health/live", "media/<path:path>"} <= seen
    assert len(seen) > 100
