"""The guards over the house as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey, ForeignObjectRel, Model

from accounts.models import Team, User
from tests.architecture import edges
from tests.architecture.guards import GUARDS, Guard, findings, sources, tenant_rows, too_long

ROOT = Path(__file__).resolve().parent.parent.parent


def rows_of_teams() -> frozenset[str]:
    """The names of all models that lead to a team by their foreign keys."""
    ours = [
        model for label in ("accounts", "billing", "generations") for model in apps.get_app_config(label).get_models()
    ]
    found: set[type[Model]] = {Team}
    for _ in ours:
        found |= {
            model
            for model in ours
            for field in model._meta.get_fields()
            if isinstance(field, ForeignKey) and field.related_model in found
        }
    return frozenset(model.__name__ for model in found)


def managers() -> frozenset[str]:
    """The names of all managers of those models."""
    return edges.OF_ANY_MODEL | {
        manager.name
        for model in apps.get_models()
        if model.__name__ in rows_of_teams()
        for manager in model._meta.managers
    }


def ways() -> frozenset[str]:
    """What leads from a team or a person to rows of teams: `team.api_keys`, `user.memberships`."""
    return frozenset(
        field.get_accessor_name()
        for model in (Team, User)
        for field in model._meta.get_fields(include_hidden=False)
        if isinstance(field, ForeignObjectRel) and field.related_model.__name__ in rows_of_teams()
        if field.get_accessor_name()
    )


@pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])
def test_rule(guard: Guard) -> None:
    assert any(guard.looks_at(name) for name, _ in sources(ROOT)), "looks at nothing"
    assert findings(ROOT, guard) == []


def test_edges_get_a_teams_rows_through_access() -> None:
    rows = rows_of_teams()
    assert {"Generation", "Output", "Hold", "Transfer", "Budget", "ApiKey", "Upload", "Quote"} <= rows
    assert not {"Listing", "PriceVersion", "User", "ProviderState"} & rows
    found = edges.Rows(rows, managers(), ways())
    assert {"objects", "current"} <= found.managers
    assert {"api_keys", "memberships", "invitations", "budgets", "uploads", "holds", "audit_events"} <= found.ways
    assert findings(ROOT, tenant_rows(found)) == []


def test_no_file_is_too_long() -> None:
    assert too_long(ROOT) == []
