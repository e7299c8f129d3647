"""What the pages about people and keys say beside their lines: what roles may do, what budgets leave, how it looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import keys, roles
from accounts.models import Role
from accounts.templatetags.roles import HEADS, role_lines
from billing import budgets
from billing.models import Period
from project.money import USD
from tests.pages.conftest import Browser
from tests.pages.parsing import read
from tests.pages.test_policy import whole
from tests.world import World


def test_the_table_of_roles_is_the_one_that_the_code_reads() -> None:
    assert [line.role for line in role_lines()] == list(Role.values)
    for line in role_lines():
        allowed = {permission for permission, head in HEADS.items() if dict(line.may)[head]}
        assert allowed == roles.of_role(line.role)


@pytest.mark.parametrize("who", ["alice", "bob", "carol"])
def test_everybody_can_read_what_the_roles_may_do(world: World, browser: Browser, who: str) -> None:
    page = whole(browser(getattr(world, who)).get("/team"))
    assert [row.split()[0] for row in page.texts("th", scope="row")] == list(Role.values)


def test_keys_show_what_their_budgets_leave(
    world: World, alice: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    budgets.set_limit(
        by=world.actor(world.alice), team=world.team, api_key=world.api_key, period=Period.MONTH, limit=5 * USD
    )
    page = whole(alice.get("/team/keys"))
    assert page.texts("td", data_label="Budget left") == ["$5.00 of $5.00 a month"]
    for number in range(20):
        keys.issue(team=world.team, name=f"Robot {number}", scopes=["read"], by=world.actor(world.alice))
    with django_assert_max_num_queries(20):
        page = read(alice.get("/team/keys"))
    assert page.texts("td", data_label="Budget left").count("no limit") == 20


def test_the_appearance_can_be_chosen_in_the_settings(alice: Client) -> None:
    page = whole(alice.get("/settings/profile"))
    assert len(page.all("button", name="theme", value="dark")) == 2  # the menu's, and the settings'
    alice.post("/appearance", {"theme": "dark", "next": "/settings/profile"})
    assert whole(alice.get("/settings/profile")).one("html").attrs["data-theme"] == "dark"
