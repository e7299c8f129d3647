"""What staff see of one team: its standing, its wallet and why its balance is what it is. Micro-dollars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Team
from billing import freezes, ledger, queries, restrictions, statements, words
from billing.models import Adjustment, AdjustmentState, Restriction, WalletFreeze
from billing.queries import Line
from billing.statements import Adjusted, Statement
from generations.oversight import team_find, team_money, team_tables
from generations.oversight.team_cells import Cell, Doer, Money, Part, Sight, Table, columns
from generations.oversight.team_cells import Line as Cells
from project import ids
from project.errors import NotFound
from project.money import dollars
from project.paging import Page, Window


@dataclass(frozen=True)
class Why:
    """Why a team's balance is what it is, over a period:

    opening + bought + granted + adjusted - charged - expired - taken back = closing

    What staff adjusted stands apart: the team's own statement counts it under granted and taken back."""

    team: Team
    statement: Statement
    adjusted: Adjusted

    @property
    def granted(self) -> int:
        return self.statement.granted - self.adjusted.added

    @property
    def taken_back(self) -> int:
        return self.statement.taken_back - self.adjusted.taken

    @property
    def shown(self) -> list[tuple[str, str, Money]]:
        """The parts as they are written: no sign twice."""
        turned = {"+": "\N{MINUS SIGN}", "-": "+"}
        plain = {"+": "+", "-": "\N{MINUS SIGN}"}
        return [
            (plain[sign] if amount >= 0 else turned[sign], name, Money(abs(amount)))
            for sign, name, amount in self.parts
        ]

    @property
    def parts(self) -> list[tuple[str, str, int]]:
        """Sign, words and amount of each part, in the order of the sum."""
        found = self.statement
        return [
            ("+", "Bought", found.bought),
            ("+", "Granted", self.granted),
            ("+", "Adjusted by staff", self.adjusted.net),
            ("-", "Charged for generations", found.charged),
            ("-", "Expired", found.expired),
            ("-", "Taken back (refunds, disputes)", self.taken_back),
        ]

    @property
    def adds_up(self) -> bool:
        total = sum(amount if sign == "+" else -amount for sign, _, amount in self.parts)
        return self.statement.opening.balance + total == self.statement.closing.balance

    @property
    def sentence(self) -> str:
        """The same in words."""
        found, counts = self.statement, self.statement.counts
        said = [f"{self.team.name} began with {dollars(found.opening.balance)}"]
        if found.bought:
            said.append(f"bought {dollars(found.bought)} ({_times(counts['bought'], 'purchase')})")
        if self.granted:
            said.append(f"was granted {dollars(self.granted)}")
        if self.adjusted.count:
            said.append(f"had {dollars(self.adjusted.added)} added and {dollars(self.adjusted.taken)} taken by staff")
        if found.charged:
            said.append(f"was charged {dollars(found.charged)} ({_times(counts['charged'], 'generation')})")
        if found.expired:
            said.append(f"lost {dollars(found.expired)} that expired")
        if self.taken_back > 0:
            said.append(f"had {dollars(self.taken_back)} taken back (refunds, disputes)")
        elif self.taken_back < 0:
            said.append(f"was given back {dollars(-self.taken_back)}")
        if len(said) == 1:
            said.append("nothing moved")
        end = found.closing
        rest = f"{dollars(end.available)} available and {dollars(end.held)} held for what is under way"
        frozen = f"; {dollars(end.frozen)} more is frozen by a dispute" if end.frozen else ""
        return f"{', '.join(said)}. So it ends with {dollars(end.balance)}: {rest}{frozen}."


@dataclass(frozen=True)
class Overview:
    """The page of a team. `cost` is None for whoever does not see costs."""

    team: Team
    wallet: ledger.Wallet
    standing: str
    restriction: Restriction | None
    freeze: WalletFreeze | None
    waiting: list[Adjustment]
    tables: list[Part]
    revenue: int
    cost: int | None

    @property
    def tiles(self) -> list[tuple[str, Money, str]]:
        """What, how much, and a note."""
        wallet = self.wallet
        frozen = wallet.frozen.balance if wallet.frozen else 0
        wide = [
            ("Balance", Money(wallet.balance), "available and held"),
            ("Available", Money(wallet.available.balance), ""),
            ("Held", Money(wallet.held.balance), "for what is under way"),
            ("Frozen", Money(frozen), "by a dispute, beside the balance"),
        ]
        if self.cost is None:
            return [*wide, ("Charged in 30 days", Money(self.revenue), "")]
        return [
            *wide,
            ("Charged in 30 days", Money(self.revenue), f"cost us {dollars(self.cost)}"),
            ("Margin in 30 days", Money(self.revenue - self.cost), ""),
        ]


def adjustment(public_id: object) -> Adjustment:
    """An adjustment by its public id. Raises NotFound."""
    uuid = ids.parse("adj", public_id)
    rows = Adjustment.objects.select_related("team", "proposed_by", "decided_by")
    found = rows.filter(uuid=uuid).first() if uuid else None
    if found is None:
        raise NotFound("There is no such adjustment.")
    return found


def waiting() -> list[Adjustment]:
    """Proposals of all teams that wait for a second person, the oldest first, at most 50."""
    rows = Adjustment.objects.filter(state=AdjustmentState.PROPOSED).select_related("team", "proposed_by")
    return list(rows.order_by("proposed_at")[:50])


def overview(found: Team, sight: Sight) -> Overview:
    """As many queries whatever the team has."""
    restriction, freeze = restrictions.open_of(found), freezes.open_of(found)
    revenue, cost = team_tables.sums_of(found)
    rows = Adjustment.objects.filter(team=found, state=AdjustmentState.PROPOSED).select_related("proposed_by")
    return Overview(
        team=found,
        wallet=ledger.wallet(found.pk),
        standing=team_find.standing(found, restricted=restriction is not None, frozen=freeze is not None),
        restriction=restriction,
        freeze=freeze,
        waiting=list(rows.order_by("proposed_at")[:10]),
        tables=[build(found, sight).first() for build in team_tables.TABLES.values()],
        revenue=revenue,
        cost=cost if sight.costs else None,
    )


def why(found: Team, start: datetime, end: datetime) -> Why:
    """Raises what statements.of_period raises."""
    statement = statements.of_period(found, start, end)
    return Why(found, statement, statements.adjusted(statement))


def movements(found: Team, statement: Statement, sight: Sight) -> Table:
    """The movements of the period, the newest first, each with what it is about."""

    def read(window: Window) -> Page[Cells]:
        page = queries.statement(found, window, within=statement.within)
        return Page([_movement(line, sight) for line in page.rows], page.older, page.newer)

    money = ("Change", "Held", "Balance after")
    return Table(
        name="movements",
        title="Movements",
        columns=columns("When", "What", "About", *money, "By", "Why", money=money),
        none="Nothing moved in this period.",
        read=read,
    )


def _movement(line: Line, sight: Sight) -> Cells:
    transfer = line.transfer
    return (
        *(line.at, words.what(transfer), _about(line, sight)),
        *(Money(line.change), Money(line.held.change), Money(line.left)),
        *(Doer(transfer.actor), transfer.reason),
    )


def _about(line: Line, sight: Sight) -> Cell:
    transfer = line.transfer
    if transfer.hold is not None:
        return Cell(transfer.hold.reference, team_money.of_generation(transfer.hold.reference))
    if transfer.payment is not None:
        return team_money.of_payment(transfer.payment, sight)
    if words.adjusted(transfer):
        public_id = f"adj_{transfer.key.split(':')[1]}"
        return Cell(public_id, team_money.of_adjustment(public_id))
    return Cell(None)


def _times(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
