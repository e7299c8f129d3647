"""No row of one team points into another (invariants.md T1), whatever a program does: read from PostgreSQL's own
catalogue, so a new table or column without a wall is a red test, and tried at each wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection
from django.db.models import ForeignKey, Model

from accounts.models import Invitation, Membership, Role, Team, WebhookEndpoint, WebhookSecret
from billing import holds
from billing.models import Budget, BudgetHold, BudgetRaise, BudgetRequest, BudgetUsage, Hold
from generations.models import Generation, Removal, StudioSettings, Upload, UploadUse
from project import db
from tests.tenancy.asking import LABELS, path_to, taken_back
from tests.tenancy.scene import FUTURE, Scene

pytestmark = pytest.mark.django_db

# (table, column) -> the constraint or trigger that is its wall, where it is not (column, team_id) -> (id, team_id).
BY_ANOTHER_WAY = {
    # A request hangs on a budget that has its own wall; who asks is the budget's member, what is raised the budget.
    ("billing_budgetrequest", "asked_by_id"): "budget_request_of_its_member",
    ("billing_budgetrequest", "raised_id"): "budget_request_raises_its_budget",
}
# Tables without a team of their own that hang on two things of a team -> the trigger that holds them together.
HELD_TOGETHER = {
    "billing_budgethold": "budget_hold_guard",
    "billing_entry": "entry_guard",  # written by the transfer's trigger alone
    "billing_lotmove": "lot_move_guard",  # likewise
    "billing_transfer": "transfer_ai",
}


@dataclass(frozen=True)
class Link:
    """A foreign key of one column between two tables that both have a team."""

    table: str
    column: str
    to: str


def asked(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def links() -> list[Link]:
    """All of them, by the catalogue."""
    return [
        Link(*row)
        for row in asked(
            """select c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text
               from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
               where c.contype = 'f' and cardinality(c.conkey) = 1
                 and exists (select 1 from pg_attribute where attrelid = c.conrelid and attname = 'team_id')
                 and exists (select 1 from pg_attribute where attrelid = c.confrelid and attname = 'team_id')
               order by 1, 2"""
        )
    ]


def wall_of(link: Link) -> str | None:
    """The name of the validated foreign key over (column, team_id)."""
    found = asked(
        """select conname from pg_constraint
           where contype = 'f' and convalidated and conrelid = %s::regclass and confrelid = %s::regclass
             and pg_get_constraintdef(oid) like %s""",
        link.table,
        link.to,
        f"FOREIGN KEY ({link.column}, team_id) REFERENCES %(id, team_id)%",
    )
    return found[0][0] if found else None


def stands(table: str, name: str) -> bool:
    """Whether a table has this constraint or an enabled trigger of this name."""
    return bool(
        asked(
            """select 1 from pg_constraint where conrelid = %s::regclass and conname = %s and convalidated
               union all select 1 from pg_trigger where tgrelid = %s::regclass and tgname = %s and tgenabled = 'O'""",
            table,
            name,
            table,
            name,
        )
    )


def test_every_link_between_rows_of_teams_has_a_wall() -> None:
    found = links()
    assert len(found) >= 12, "the catalogue was read"
    bare = [link for link in found if wall_of(link) is None and (link.table, link.column) not in BY_ANOTHER_WAY]
    assert bare == []


def test_what_is_walled_by_another_way_stands() -> None:
    there = {(link.table, link.column) for link in links()}
    assert set(BY_ANOTHER_WAY) <= there, "a line whose column is gone"
    assert [key for key, name in BY_ANOTHER_WAY.items() if not stands(key[0], name)] == []


def test_what_hangs_on_two_things_of_a_team_is_held_together() -> None:
    """A table without a team of its own that leads to teams by two ways could lead to two of them."""
    found = set()
    models: list[type[Model]] = [model for label in LABELS for model in apps.get_app_config(label).get_models()]
    for model in models:
        columns = {field.column for field in model._meta.concrete_fields}
        ways = [
            field
            for field in model._meta.concrete_fields
            if isinstance(field, ForeignKey)
            and isinstance(field.related_model, type)
            and (field.related_model is Team or path_to(Team, field.related_model))
        ]
        if "team_id" not in columns and len(ways) > 1:
            found.add(model._meta.db_table)
    assert found == set(HELD_TOGETHER)
    assert [table for table, trigger in HELD_TOGETHER.items() if not stands(table, trigger)] == []


def test_every_team_column_leads_to_a_team() -> None:
    loose = asked(
        """select a.attrelid::regclass::text from pg_attribute a join pg_class t on t.oid = a.attrelid
           where a.attname = 'team_id' and t.relkind = 'r' and not exists (
             select 1 from pg_constraint c where c.contype = 'f' and c.conrelid = a.attrelid
               and c.conkey = array[a.attnum] and c.confrelid = 'accounts_team'::regclass)"""
    )
    assert loose == []


@pytest.fixture(scope="module")
def full(scene: Scene) -> Scene:
    """Both teams with a row on each side of every wall, and spare ones to point at."""
    for things in (scene.home, scene.away):
        team = things.team
        owner = Membership.objects.get(team=team, user_id=int(things.ids["owner_pk"]))
        spare = Membership.objects.create(team=team, user=scene.browsers["root"].user, role=Role.VIEWER)
        budget = Budget.objects.create(team=team, membership=spare, period="day", limit=1)
        more = BudgetRaise.objects.create(team=team, budget=budget, amount=1, until=db.now() + FUTURE)
        asked_for = BudgetRequest.objects.create(team=team, budget=budget, asked_by=spare, amount=1, reason="more")
        BudgetRequest.objects.filter(pk=asked_for.pk).update(
            status="granted", raised=more, decided_by=owner, decided_at=db.now()
        )
        if things is scene.home:  # a budget that nobody has asked more of
            Budget.objects.create(team=team, membership=owner, period="day", limit=1)
        Invitation.objects.create(
            team=team, email="b@example.com", role=Role.VIEWER, invited_by=owner, expires_at=db.now() + FUTURE
        )
        Invitation.objects.filter(email="b@example.com", team=team).update(
            status="accepted", ended_at=db.now(), accepted_by=spare
        )
        upload, generation = Upload.objects.filter(team=team)[0], Generation.objects.filter(team=team)[0]
        UploadUse.objects.create(team=team, upload=upload, generation=generation)
        StudioSettings.objects.create(team=team, membership=owner, model="veo-3.1-fast")
        ended = Generation.objects.filter(team=team, status="succeeded")[0]
        Removal.objects.create(generation=ended, team=team, removed_by="test")
        # A secret that has ended: of those that sign an endpoint has one, which would refuse before the wall does.
        endpoint = WebhookEndpoint.objects.filter(team=team).latest("id")
        WebhookSecret.objects.create(team=team, endpoint=endpoint, sealed=b"sealed", ends_at=db.now())
        holds.hold(team=team, reference=f"test_{team.pk}", amount=1, expires_at=db.now() + FUTURE, actor="test")
    return scene


def other_way(link: Link) -> str:
    return BY_ANOTHER_WAY.get((link.table, link.column)) or wall_of(link) or ""


def key_of(table: str) -> str:
    """The column that is a table's primary key; not all are called id."""
    sql = """select attname from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
             where indisprimary and indrelid = %s::regclass"""
    return str(asked(sql, table)[0][0])


def refusals(link: Link, row: int, theirs: int) -> str:
    """What PostgreSQL says to a row of alice's that is pointed at one of mallory's: past our own triggers, which may
    refuse it sooner, only constraints are left. Nothing, when it may."""
    with taken_back():
        asked("set constraints all immediate")
        asked(f"alter table {link.table} disable trigger user")
        asked("set constraints all deferred")
        try:
            with taken_back():
                asked(f'update {link.table} set "{link.column}" = %s where {key_of(link.table)} = %s', theirs, row)
                asked("set constraints all immediate")
        except DatabaseError as error:
            return str(error)
    return ""


def test_each_wall_holds(full: Scene) -> None:
    """It refuses by its name; other constraints may stand before it for one pair of rows, not for all."""
    faults = []
    for link in links():
        of_team = f"select {key_of(link.table)} from {link.table} where team_id = %s"
        mine = asked(f'{of_team} and "{link.column}" is not null', full.home.team.pk)
        mine = mine or asked(of_team, full.home.team.pk)
        theirs = asked(f"select {key_of(link.to)} from {link.to} where team_id = %s", full.away.team.pk)
        said = [refusals(link, row, other) for (row,) in mine[:5] for (other,) in theirs[:5]]
        if not said or "" in said or not any(other_way(link) in sentence for sentence in said):
            faults.append(f"{link}: {said or 'there is no row to try it with'}")
    assert faults == []


def test_a_hold_counts_against_budgets_of_its_own_team(full: Scene) -> None:
    budget = Budget.objects.filter(team=full.away.team).latest("id")
    usage, _ = BudgetUsage.objects.get_or_create(budget=budget, period_start=db.now().date())
    hold = Hold.objects.filter(team=full.home.team).latest("created_at")
    with pytest.raises(DatabaseError, match="budget of another team"), taken_back():
        BudgetHold.objects.create(hold=hold, usage=usage, amount=1)


def test_a_table_without_a_wall_is_found() -> None:
    """The test above sees a table that somebody adds."""
    with taken_back():
        asked(
            """create table planted (id bigint primary key, team_id bigint references accounts_team(id),
               membership_id bigint references accounts_membership(id))"""
        )
        assert Link("planted", "membership_id", "accounts_membership") in links()
        assert wall_of(Link("planted", "membership_id", "accounts_membership")) is None
        asked(
            """alter table planted add constraint planted_wall
               foreign key (membership_id, team_id) references accounts_membership(id, team_id)"""
        )
        assert wall_of(Link("planted", "membership_id", "accounts_membership")) == "planted_wall"
