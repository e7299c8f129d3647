"""What a request leaves in the database, so that two requests can be compared: the rows that it made or changed,
without what is drawn by lot or counted on."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

from tests.tenancy.asking import LABELS

_RANDOM = re.compile(
    r"x(?:[0-9a-f]{2}){8,}|[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:[\d.:+Z-]+|gAAAA[\w=-]+"
)
_DRAWN = {"lookup", "sealed", "id"}

Rows = dict[str, Counter[str]]


def models() -> list[type[Model]]:
    """All models with rows of teams and people."""
    models = [model for label in LABELS for model in apps.get_app_config(label).get_models()]
    return [model for model in models if model._meta.managed]  # a name that permissions hang on has no table


def rows() -> Rows:
    """Every row of each model as text."""
    found: Rows = {}
    with connection.cursor() as cursor:
        for model in models():
            cursor.execute(f'select to_jsonb(t)::text from "{model._meta.db_table}" t')
            found[model.__name__] = Counter(text for (text,) in cursor.fetchall())
    return found


def effect(before: Rows, after: Rows) -> dict[str, list[str]]:
    """The rows of `after` that are not in `before`, comparable with those of another request: a link to a row that
    was there before stays, a link to a new one is `new`, and keys, moments and ids of new rows are blanked."""
    known = {name: {json.loads(text).get("id") for text in texts} for name, texts in before.items()}
    return {
        model.__name__: sorted(_blanked(model, json.loads(text), known) for text in made.elements())
        for model in models()
        if (made := after[model.__name__] - before[model.__name__])
    }


def _blanked(model: type[Model], row: dict[str, Any], known: dict[str, set[Any]]) -> str:
    leads = {field.column: field.related_model for field in model._meta.concrete_fields if field.is_relation}
    kept = {
        name: "new" if name in leads and value is not None and value not in known[leads[name].__name__] else value
        for name, value in row.items()
        if name not in _DRAWN
    }
    return _RANDOM.sub("*", json.dumps(kept, sort_keys=True))
