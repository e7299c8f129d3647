"""Whatever spends counts against the budget of who spends: one door in the source, and each way in by a test."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from billing.models import Budget, BudgetUsage, Hold
from generations import catalog
from generations.models import Generation
from tests.architecture.guards import APPS, sources
from tests.architecture.test_the_house_keeps_its_rules import ROOT
from tests.billing.conftest import cap, key_cap
from tests.world import World

LIMIT = 9_000_000
MODELS = {
    "video": ("veo-3.1-fast", {"prompt": "a dog"}),
    "image": ("flux-kontext-pro", {"prompt": "a dog"}),
    "text": ("prompt-expansion-text", {"prompt": "a dog", "model": "google/gemini-2.5-flash"}),
}


def calls_of_hold(text: str) -> list[set[str]]:
    """The keywords of each call of holds.hold, under whatever name the module is imported."""
    tree = ast.parse(text)
    names = {"holds"}
    plain = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "holds":
                    names.add(alias.asname or alias.name)
                if node.module == "billing.holds" and alias.name == "hold":
                    plain.add(alias.asname or alias.name)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            of = node.func
            by_module = isinstance(of, ast.Attribute) and of.attr == "hold" and ast.unparse(of.value) in names
            if by_module or (isinstance(of, ast.Name) and of.id in plain):
                found.append({keyword.arg or "**" for keyword in node.keywords})
    return found


def test_every_hold_names_who_spends() -> None:
    found = {}
    for name, path in sources(ROOT):
        if name.split("/")[0] in APPS:
            calls = calls_of_hold(path.read_text(encoding="utf-8"))
            if calls:
                found[name] = calls
    assert list(found) == ["generations/intake.py"]
    assert all({"membership", "api_key"} <= keywords for calls in found.values() for keywords in calls)


@pytest.mark.parametrize(
    "text",
    [
        "holds.hold(team=t, membership=m)",
        "from billing import holds as h\nh.hold()",
        "from billing.holds import hold\nhold()",
    ],
)
def test_the_guard_sees_a_hold_of_nobody(text: str) -> None:
    assert [{"membership", "api_key"} <= keywords for keywords in calls_of_hold(text)] == [False]


@pytest.mark.parametrize("kind", MODELS)
def test_the_api_counts_on_the_key(world: World, api: Callable[..., Any], kind: str) -> None:
    budget = key_cap(world, LIMIT)
    slug, data = MODELS[kind]
    answer = api(
        "post", "/generations", {"model": slug, "input": data}, key=world.key, headers={"Idempotency-Key": "k" * 20}
    )
    assert answer.status_code == 201, answer.content
    assert_counted(budget)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("mode", ["all", "fit"])
def test_a_batch_counts_on_the_key(world: World, api: Callable[..., Any], kind: str, mode: str) -> None:
    budget = key_cap(world, LIMIT)
    slug, data = MODELS[kind]
    body = {"requests": [{"model": slug, "input": data}], "mode": mode}
    answer = api("post", "/generations/batch", body, key=world.key)
    assert answer.status_code == 201, answer.content
    assert_counted(budget)


def test_prompt_expansion_counts_on_the_key(world: World, api: Callable[..., Any]) -> None:
    budget = key_cap(world, LIMIT)
    answer = api("post", "/prompt-expansions", {"prompt": "a dog"}, key=world.key)
    assert answer.status_code == 201, answer.content
    assert_counted(budget)


@pytest.mark.parametrize("kind", MODELS)
def test_the_studio_counts_on_the_member(world: World, browser: Callable[[User], Client], kind: str) -> None:
    budget = cap(world, world.bob, LIMIT)
    slug, data = MODELS[kind]
    bob = browser(world.bob)
    form = {**data, "max_tokens": "512"} if kind == "text" else data
    response = bob.post(f"/studio/{slug}", {**form, "do": "make", "agreed": "9000000", "key": "a" * 32})
    assert response.status_code == 302, response.content[:2000]
    assert_counted(budget)


def assert_counted(budget: Budget) -> None:
    """The one hold there is stands in the budget's period, whole."""
    hold = Hold.objects.get()
    assert Generation.objects.get().hold_id == hold.pk
    assert BudgetUsage.objects.get(budget=budget).held == hold.amount > 0
    assert [row.amount for row in hold.budget_holds.all()] == [hold.amount]


def test_every_kind_of_model_is_among_them() -> None:

    assert {catalog.get(slug).kind for slug in catalog.ENTRIES} == set(MODELS)
