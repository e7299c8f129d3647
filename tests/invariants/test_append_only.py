"""invariants.md L4: what is written stays. Every verb on every append-only table, with rows in it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from generations.models import Output
from tests.invariants.scene import Scene

# What each table refuses. Generations, holds and accounts change by their own rules, and are never deleted.
REFUSES = {
    "billing_transfer": ("update", "delete", "truncate"),
    "billing_entry": ("update", "delete", "truncate"),
    "billing_account": ("delete", "truncate"),
    "billing_hold": ("delete", "truncate"),
    "generations_priceversion": ("update", "delete", "truncate"),
    "generations_generationevent": ("update", "delete", "truncate"),
    "generations_output": ("update", "delete", "truncate"),
    "generations_generation": ("delete", "truncate"),
    "generations_attempt": ("delete", "truncate"),
    "generations_batch": ("update", "delete", "truncate"),
    "generations_batchquote": ("update", "truncate"),
    "accounts_auditevent": ("update", "delete", "truncate"),
}
CASES = [(table, verb) for table, verbs in REFUSES.items() for verb in verbs]
STATEMENTS = {
    "update": "update {table} set id = id",
    "delete": "delete from {table}",
    "truncate": "truncate {table} cascade",
}


@pytest.fixture
def full(scene: Scene) -> Scene:
    """Every table has a row."""
    row = scene.generation("succeeded")
    assert Output.objects.filter(generation=row).exists()
    scene.batch()
    scene.sql("set constraints all immediate")
    return scene


@pytest.mark.parametrize(("table", "verb"), CASES, ids=[f"{verb} {table}" for table, verb in CASES])
def test_L4_refused(full: Scene, table: str, verb: str) -> None:
    assert full.sql(f"select count(*) from {table}") > [(0,)]
    with pytest.raises(DatabaseError, match="is append-only"), transaction.atomic():
        full.sql(STATEMENTS[verb].format(table=table))


@pytest.mark.parametrize("table", ["accounts_team", "billing_account"])
def test_L4_truncate_cascades_into_a_refusal(full: Scene, table: str) -> None:
    with pytest.raises(DatabaseError, match="is append-only"), transaction.atomic():
        full.sql(f"truncate {table} cascade")


def test_L4_a_role_without_superuser_rights_can_only_add(full: Scene) -> None:
    """Triggers, unlike REVOKE, bind every role; and no ordinary role can switch them off."""
    with transaction.atomic():
        full.sql("create role framehouse_app nologin")
        full.sql("grant select, insert, update, delete, truncate on all tables in schema public to framehouse_app")
        full.sql("set local role framehouse_app")
        for table, verb in CASES:
            with pytest.raises(DatabaseError, match="is append-only|permission denied"), transaction.atomic():
                full.sql(STATEMENTS[verb].format(table=table))
        for escape in (
            "set local session_replication_role = replica",
            "alter table billing_transfer disable trigger all",
            "drop trigger transfer_frozen on billing_transfer",
        ):
            with pytest.raises(DatabaseError, match="permission denied|must be owner"), transaction.atomic():
                full.sql(escape)
        full.sql("reset role")
        transaction.set_rollback(True)
