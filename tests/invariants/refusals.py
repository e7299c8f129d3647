"""Statements that the database must refuse (invariants.md Appendix D), and how that is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from billing import reconcile
from generations import books
from tests.invariants.scene import Scene

ALL_CHECKS = reconcile.CHECKS + books.CHECKS


@dataclass(frozen=True)
class Statement:
    """`does` makes what it needs through `before`, committed, then breaks the rule whose name `says` it."""

    name: str
    says: str  # the trigger's sentence or the constraint's name
    does: Callable[[Scene, Any], Any]
    before: Callable[[Scene], Any] = lambda scene: None


def each(statements: list[Statement]) -> pytest.MarkDecorator:
    """One test for each statement, named after it."""
    return pytest.mark.parametrize("statement", statements, ids=[s.name.replace(" ", "-") for s in statements])


def expect_refusal(scene: Scene, statement: Statement) -> None:
    """The statement is refused for its reason and leaves nothing; the books are right afterwards."""
    with transaction.atomic():
        given = statement.before(scene)
        scene.sql("set constraints all immediate")  # a scene that is not committed still has checks pending
        scene.sql("set constraints all deferred")
    before = scene.fingerprint()
    with pytest.raises(DatabaseError, match=statement.says), transaction.atomic():
        statement.does(scene, given)
    assert scene.fingerprint() == before
    assert reconcile.failures(ALL_CHECKS) == []
