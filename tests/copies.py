"""Many rows at once, past the guards: what they belong to is no matter where only their number is."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model


def copies(row: Model, count: int, **changed: str) -> None:
    """So many copies of a row. `changed` are columns, each told as SQL of the row `r` and a number `n` from 1. The
    database counts them: which way it goes must not depend on what it remembers of earlier tests."""
    table, columns = row._meta.db_table, [field.column for field in row._meta.concrete_fields]
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(changed.get(column, f'r."{column}"') for column in columns)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL statement_timeout = 0")  # so many rows at once are no page's query
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {values} '  # noqa: S608 - our own words
            f'FROM "{table}" r, generate_series(1, {count}) n WHERE r.id = %s',
            [row.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f'ANALYZE "{table}"')
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
