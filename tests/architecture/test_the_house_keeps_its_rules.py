"""The guards over the house as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model

from accounts.models import Team
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


@pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])
def test_rule(guard: Guard) -> None:
    assert any(guard.looks_at(name) for name, _ in sources(ROOT)), "looks at nothing"
    assert findings(ROOT, guard) == []


def test_edges_get_a_teams_rows_through_access() -> None:
    rows = rows_of_teams()
    assert {"Generation", "Output", "Hold", "Transfer", "Budget", "ApiKey", "Upload", "Quote"} <= rows
    assert not {"Listing", "PriceVersion", "User", "ProviderState"} & rows
    assert findings(ROOT, tenant_rows(rows)) == []


def test_no_file_is_too_long() -> None:
    assert too_long(ROOT) == []
