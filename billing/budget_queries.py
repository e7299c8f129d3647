"""What budgets say now: caps with their raises, what is used and held, and the requests. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, DateField, Min, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Now

from accounts.models import ApiKey, Membership, Role, Team
from billing import periods
from billing.models import Budget, BudgetRaise, BudgetRequest, BudgetUsage, Period, RequestStatus
from project import db

MOST_REQUESTS = 20  # decided ones that a page shows


@dataclass(frozen=True)
class State:
    """A budget in its current period. Amounts in micro-dollars; `raised_until` is the first end of a raise."""

    budget: Budget
    used: int
    held: int
    raised: int
    raised_until: datetime | None
    resets_at: datetime

    @property
    def cap(self) -> int:
        """The limit with the raises in force."""
        return self.budget.limit + self.raised

    @property
    def left(self) -> int:
        return max(self.cap - self.used - self.held, 0)

    @property
    def spent(self) -> int:
        """Used and held together."""
        return self.used + self.held

    @property
    def percent(self) -> int:
        """How much of the cap is used and held; a cap of nothing is full."""
        return self.spent * 100 // self.cap if self.cap else 100

    @property
    def kind(self) -> str:
        """`member_day`, `key_month`, ...: the `limit_kind` of the API."""
        return f"{'key' if self.budget.api_key_id else 'member'}_{self.budget.period}"


@dataclass(frozen=True)
class Holder:
    """A member or a key of a team, with its budgets by period."""

    membership: Membership | None = None
    api_key: ApiKey | None = None
    states: dict[str, State] = field(default_factory=dict)

    @property
    def public_id(self) -> str:
        row = self.membership or self.api_key
        assert row is not None
        return row.public_id

    @property
    def name(self) -> str:
        """How pages for members of the same team name it."""
        if self.api_key is not None:
            return self.api_key.name
        assert self.membership is not None
        return self.membership.user.name or self.membership.user.email

    @property
    def caps(self) -> list[tuple[str, State | None]]:
        """Day and month, None where nothing limits."""
        return [(period.value, self.states.get(period)) for period in Period]


def applying(*, membership: Membership | None, api_key: ApiKey | None) -> QuerySet[Budget]:
    """The budgets in force of who spends, in id order: a member's when a member acts, a key's when a key does, for
    keys belong to the team and not to their maker."""
    rows = Budget.objects.filter(ended_at=None).order_by("id")
    if api_key is not None:
        return rows.filter(api_key=api_key)
    if membership is not None:
        return rows.filter(membership=membership)
    return rows.none()


def states(budgets: QuerySet[Budget]) -> list[State]:
    """Each budget with its counter in this period and its raises in force, by one query and the clock."""
    moment = db.now()
    start = Case(
        *[When(period=period, then=Value(periods.start_of(period, moment))) for period in Period],
        output_field=DateField(),
    )
    usage = BudgetUsage.objects.filter(budget=OuterRef("pk"), period_start=OuterRef("started"))
    raises = BudgetRaise.objects.filter(budget=OuterRef("pk"), until__gt=Now()).order_by().values("budget")
    rows = budgets.select_related("api_key", "membership__user").annotate(
        started=start,
        used=Coalesce(Subquery(usage.values("used")), 0),
        held=Coalesce(Subquery(usage.values("held")), 0),
        raised=Coalesce(Subquery(raises.annotate(amounts=Sum("amount")).values("amounts")), Value(0)),
        raised_until=Subquery(raises.annotate(first=Min("until")).values("first")),
    )
    return [
        State(
            budget=row,
            used=row.used,
            held=row.held,
            raised=int(row.raised),
            raised_until=row.raised_until,
            resets_at=periods.reset_of(row.period, moment),
        )
        for row in rows
    ]


def states_of(*, membership: Membership | None, api_key: ApiKey | None) -> list[State]:
    """The budgets in force of one member or key."""
    return states(applying(membership=membership, api_key=api_key))


def state(budget: Budget) -> State:
    """One budget, in force or ended, as of now."""
    return states(Budget.objects.filter(pk=budget.pk))[0]


def of_members(team: Team) -> dict[int, list[State]]:
    """The budgets in force of a team's members, by membership id."""
    found: dict[int, list[State]] = {}
    for row in states(Budget.objects.filter(team=team, ended_at=None, api_key=None).order_by("period")):
        assert row.budget.membership_id is not None
        found.setdefault(row.budget.membership_id, []).append(row)
    return found


def of_keys(team: Team) -> dict[int, list[State]]:
    """The budgets in force of a team's API keys, by the key's id."""
    found: dict[int, list[State]] = {}
    for row in states(Budget.objects.filter(team=team, ended_at=None, membership=None).order_by("period")):
        assert row.budget.api_key_id is not None
        found.setdefault(row.budget.api_key_id, []).append(row)
    return found


def holders(team: Team) -> tuple[list[Holder], list[Holder]]:
    """All current members and all living keys of a team, each with its budgets. A fixed number of queries."""
    of_member: dict[int | None, dict[str, State]] = {}
    of_key: dict[int | None, dict[str, State]] = {}
    for row in states(Budget.objects.filter(team=team, ended_at=None)):
        place = of_key if row.budget.api_key_id else of_member
        place.setdefault(row.budget.api_key_id or row.budget.membership_id, {})[row.budget.period] = row
    people = Membership.current.filter(team=team).select_related("user").order_by("id")
    keys = ApiKey.objects.filter(team=team, revoked_at=None, expires_at__gt=Now()).order_by("id")
    return (
        [Holder(membership=one, states=of_member.get(one.pk, {})) for one in people],
        [Holder(api_key=one, states=of_key.get(one.pk, {})) for one in keys],
    )


def holder(*, membership: Membership | None = None, api_key: ApiKey | None = None) -> Holder:
    """One member or key with its budgets."""
    rows = states_of(membership=membership, api_key=api_key)
    return Holder(membership=membership, api_key=api_key, states={row.budget.period: row for row in rows})


def raises_in_force(budgets: Iterable[Budget]) -> list[BudgetRaise]:
    """The raises that count now, the first to end first."""
    rows = BudgetRaise.objects.filter(budget__in=[budget.pk for budget in budgets], until__gt=Now())
    return list(rows.select_related("budget", "granted_by__user").order_by("until", "id"))


def open_requests(team: Team) -> list[BudgetRequest]:
    """What members ask for now, the oldest first; who has left asks for nothing any more."""
    rows = BudgetRequest.objects.filter(team=team, status=RequestStatus.OPEN, asked_by__ended_at=None)
    return list(rows.select_related("budget", "asked_by__user").order_by("created_at", "id"))


def requests_of(membership: Membership) -> list[BudgetRequest]:
    """What a member asked for, the newest first."""
    rows = BudgetRequest.objects.filter(asked_by=membership)
    return list(rows.select_related("budget", "raised").order_by("-created_at", "-id")[:MOST_REQUESTS])


def who_raise(row: Budget) -> list[str]:
    """The roles that may raise a budget: an owner's is the owners' matter (budget_rights)."""
    owners = row.membership is not None and row.membership.role == Role.OWNER
    return [Role.OWNER.value] if owners else [Role.OWNER.value, Role.ADMIN.value]


def names_of(team: Team, roles: Iterable[str]) -> list[str]:
    """The names of the people of these roles, for pages of the same team: names alone, never an address."""
    rows = Membership.current.filter(team=team, role__in=list(roles), user__is_active=True).exclude(user__name="")
    return list(rows.order_by("user__name").values_list("user__name", flat=True))
