"""The closed list of acts is no list of wishes: each stands in the code of a service that records it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from accounts.models import Action

ROOT = Path(__file__).resolve().parents[3]
WORDS = {"accounts/audit_words.py", "accounts/models/audit.py"}


@cache
def written() -> frozenset[str]:
    """The names of actions that the source speaks of, but for their list and their words."""
    found: set[str] = set()
    for app in ("accounts", "billing", "generations", "project"):
        for path in (ROOT / app).rglob("*.py"):
            if path.relative_to(ROOT).as_posix() not in WORDS and "migrations" not in path.parts:
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if (
                        isinstance(node, ast.Attribute)
                        and isinstance(node.value, ast.Name)
                        and node.value.id == "Action"
                    ):
                        found.add(node.attr)
    return frozenset(found)


@pytest.mark.parametrize("action", Action)
def test_somebody_records_it(action: Action) -> None:
    assert action.name in written()
