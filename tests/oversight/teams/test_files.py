"""The tables about a team: on its page, and as files that have all of it in sums that add up."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from accounts.audit import Staff
from accounts.models import AuditEvent
from billing import adjustments
from generations.models import Generation
from generations.oversight import team_cells, team_tables
from project import db, paging
from project.money import USD
from tests.billing.purchases import bought
from tests.oversight.conftest import Desk
from tests.oversight.teams.conftest import once, rows_of
from tests.pages.conftest import delivered
from tests.world import World, person, team_of


def test_every_table_is_a_file(world: World, desk: Desk, make: Callable[..., Generation]) -> None:
    make()
    client = desk("see_teams", "export_costs")
    assert len(team_tables.TABLES) == 13
    for name in team_tables.TABLES:
        answer = client.get(f"/admin/teams/{world.team.public_id}/tables/{name}.csv")
        assert answer.status_code == 200, name
        rows_of(answer)
        assert AuditEvent.objects.filter(action="costs.exported", target=f"team-{name}").exists()
    keys = rows_of(client.get(f"/admin/teams/{world.team.public_id}/tables/keys.csv"))
    assert [row["start"] for row in keys] == [f"fh_live_{world.api_key.lookup}_…"]
    assert client.get(f"/admin/teams/{world.team.public_id}/tables/nothing.csv").status_code == 404


def test_less_than_nothing_is_a_number_in_a_file(
    world: World, desk: Desk, make: Callable[..., Generation], ann: Staff
) -> None:
    """A cell that begins with a minus is guarded where it is text: a sum over the column would leave it out."""
    done = delivered(make())
    Generation.objects.filter(pk=done.pk).update(actual_cost=10 * USD)
    adjustments.propose(team=world.team, amount=-USD, reason="a mistake", by=ann, once=once())
    client = desk("see_teams", "see_costs", "export_costs")
    files = {"movements": ("change", "balance_after"), "adjustments": ("amount",), "spend": ("margin",)}
    lost = 0
    for name, columns in files.items():
        lines = rows_of(client.get(f"/admin/teams/{world.team.public_id}/tables/{name}.csv"))
        for line in lines:
            for column in columns:
                micro = int(line[f"{column}_micro"])
                assert Decimal(line[f"{column}_usd"]) * USD == micro, (name, line)
                lost += micro < 0
    assert lost >= 4


def test_a_file_has_all_rows(
    world: World, desk: Desk, make: Callable[..., Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, in the order of the page, each once."""
    every = paging.every
    monkeypatch.setattr(paging, "every", lambda page: every(page, batch=2))
    monkeypatch.setattr(team_cells, "MOST", 2)
    made = [make().public_id for _ in range(5)]
    for _ in range(4):
        bought(world.team, USD)
    olga = person("olga")
    teams = [team_of(f"Team {number}", olga, credit=0)[0].public_id for number in range(4)]
    client = desk("see_teams", "export_costs")

    def column(name: str, head: str) -> list[str]:
        return [row[head] for row in rows_of(client.get(f"/admin/teams/{world.team.public_id}/tables/{name}.csv"))]

    assert column("generations", "generation") == made[::-1]
    assert sorted(column("holds", "generation")) == sorted(made)
    assert len(set(column("payments", "payment"))) == 4
    assert len(column("lots", "credit")) == 5
    assert len(column("movements", "about")) == 5 + 5  # bought, granted, and held
    assert set(column("members", "address")) >= {"alice@example.com"}
    found = [row["team"] for row in rows_of(client.get("/admin/teams.csv", {"q": "Team "}))]
    assert found == teams[::-1]
    page = client.get(f"/admin/teams/{world.team.public_id}").content.decode()
    assert "The first 2; the file has all of them." in page


def test_the_lots_with_something_left_come_first(world: World, desk: Desk, ann: Staff) -> None:
    bought(world.team, USD)
    end = db.now().replace(year=2999, day=1)  # no leap year
    adjustments.propose(team=world.team, amount=2 * USD, reason="x", by=ann, once=once(), expires_at=end)
    adjustments.propose(team=world.team, amount=-2 * USD, reason="x", by=ann, once=once())
    (table,) = [
        table
        for table in desk("see_teams").get(f"/admin/teams/{world.team.public_id}").context["page"].tables
        if table.name == "lots"
    ]
    assert [row[2].value.micro for row in table.rows] == [USD, 10 * USD, 0]


def test_costs_are_for_who_may_see_them(world: World, desk: Desk, make: Callable[..., Generation]) -> None:
    """A team's balance is no secret before support; what its generations cost us is."""
    done = delivered(make())
    address = f"/admin/teams/{world.team.public_id}"
    heads = ("cost_usd", "margin_usd")
    for acts, sees in ((("see_teams", "export_costs"), False), (("see_teams", "export_costs", "see_costs"), True)):
        client = desk(*acts)
        page = client.get(address).content.decode()
        assert ("cost us" in page, "Margin" in page) == (sees, sees)
        assert "Charged in 30 days" in page
        (line,) = rows_of(client.get(f"{address}/tables/spend.csv"))
        assert all((head in line) is sees for head in heads)
        assert Decimal(line["charged_usd"]) * USD == done.charged


def test_why_a_generation_was_charged_is_for_all_who_see_its_team(
    world: World, desk: Desk, make: Callable[..., Generation]
) -> None:
    done = delivered(make())
    support = desk("see_teams")
    place = f"/admin/teams/generations/{done.public_id}"
    assert place in support.get(f"/admin/teams/{world.team.public_id}").content.decode()
    page = support.get(place).content.decode()
    assert "Why this was charged" in page
    for word in ("cost", "Cost", "Margin", "margin", "/admin/operations", "/admin/billing/payment"):
        assert word not in page.split("<main")[1].split("</main")[0], word
    both = desk("see_teams", "see_costs", "see_operations").get(place).content.decode()
    assert f"/admin/costs/generations/{done.public_id}" in both
    assert f"/admin/operations/generations/{done.public_id}" in both
    assert support.get("/admin/teams/generations/gen_" + "0" * 32).status_code == 404


def test_a_payment_leads_on_for_who_refunds(world: World, desk: Desk) -> None:
    bought(world.team, USD)
    address = f"/admin/teams/{world.team.public_id}"
    assert "/admin/billing/payment/" not in desk("see_teams").get(address).content.decode()
    assert "/admin/billing/payment/" in desk("see_teams", "refund_payments").get(address).content.decode()


def test_who_did_it_is_an_address_by_one_query(world: World, desk: Desk, ann: Staff) -> None:
    """Rows keep `staff:5`; the page says who that is, and the file keeps what the row has."""
    row = adjustments.propose(team=world.team, amount=USD, reason="x", by=ann, once=once())
    client = desk("see_teams", "export_costs")
    today = str(db.now().date())
    asked = {"from": today, "to": today}
    page = client.get(f"/admin/teams/{world.team.public_id}/statement", asked).content.decode()
    assert "ann@example.com" in page
    assert f"staff:{ann.user.pk}" not in page
    lines = rows_of(client.get(f"/admin/teams/{world.team.public_id}/tables/movements.csv", asked))
    assert lines[0]["by"] == f"staff:{ann.user.pk}"
    assert lines[0]["about"] == row.public_id
