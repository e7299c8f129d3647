"""What figures of costs are asked for: days, and which provider, model, variant, team or key. Days are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import ApiKey, Team
from generations import catalog
from generations.models import ModelDay
from generations.oversight import teams
from project import ids
from project.errors import FieldError, Invalid

MOST_DAYS = 1_096  # three years
NO_KEY = "none"  # asks for what was made in the browser
NO_VARIANT = "-"  # asks for what was made before variants were kept
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Scope:
    """The days from `first` to `last`, both included, and filters; empty ones ask for all.

    `team` and `key` are the rows' keys, with the public ids beside them; `key` 0 stands for no key."""

    first: date
    last: date
    provider: str = ""
    model: str = ""
    variant: str = ""
    team: int | None = None
    team_id: str = ""
    key: int | None = None
    key_id: str = ""

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        """The moment at which the first day begins."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        """The moment at which the last day is over."""
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)

    @property
    def before(self) -> Self:
        """The same question about as many days right before."""
        end = self.first - timedelta(days=1)
        return replace(self, first=end - timedelta(days=self.length - 1), last=end)

    @property
    def of_models(self) -> bool:
        """Whether a provider, model or variant is asked for."""
        return bool(self.provider or self.model or self.variant)

    @property
    def of_teams(self) -> bool:
        """Whether a team or key is asked for."""
        return self.team is not None or self.key is not None

    @property
    def kept(self) -> dict[str, str]:
        """The question as it stands in an address."""
        named = {
            "provider": self.provider,
            "model": self.model,
            "variant": self.variant,
            "team": self.team_id,
            "key": self.key_id,
        }
        days = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return days | {name: value for name, value in named.items() if value}

    @property
    def words(self) -> str:
        """`2026-11-01 to 2026-11-22, provider kie`: for the audit log and for files."""
        rest = [f"{name} {value}" for name, value in self.kept.items() if name not in ("from", "to")]
        return ", ".join([f"{self.first} to {self.last}", *rest])

    def of_provider(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Those of the rows that are its provider's; all of them where none is asked for."""
        return rows.filter(provider=self.provider) if self.provider else rows

    def conditions(self, alias: str = "") -> tuple[str, dict[str, Any]]:
        """Its filters without the days, as SQL to stand after other conditions, and its parameters."""
        parts: dict[str, Any] = {}
        sql = ""
        for name, value in (("provider", self.provider), ("model", self.model), ("team_id", self.team)):
            if value:
                sql += f" and {alias}{name} = %({name})s"
                parts[name] = value
        if self.variant:
            sql += f" and {alias}variant = %(variant)s"
            parts["variant"] = "" if self.variant == NO_VARIANT else self.variant
        if self.key is not None:
            sql += f" and {alias}api_key_id = %(key)s" if self.key else f" and {alias}api_key_id is null"
            parts |= {"key": self.key} if self.key else {}
        return sql, parts

    def filters(self) -> Q:
        """The same for rows of generations, as the ORM has it."""
        asked: dict[str, Any] = {"provider": self.provider, "model": self.model, "team": self.team}
        found = Q(**{name: value for name, value in asked.items() if value})
        if self.variant:
            found &= Q(variant="" if self.variant == NO_VARIANT else self.variant)
        if self.key is not None:
            found &= Q(api_key=self.key or None)
        return found


def scope_of(
    *, first: date, last: date, provider: str = "", model: str = "", variant: str = "", team: str = "", key: str = ""
) -> Scope:
    """A question from what somebody wrote. `team` is a public id or a name, `key` a public id or "none".

    At most two queries. Raises Invalid with every fault beside its field."""
    errors = []
    if last < first:
        errors.append(FieldError("to", "The last day lies before the first one.", "out_of_range"))
    elif (last - first).days >= MOST_DAYS:
        errors.append(FieldError("to", f"Choose at most {MOST_DAYS} days.", "out_of_range"))
    if variant and not model:
        errors.append(FieldError("variant", "Choose the model of the variant too.", "required"))
    if provider and model and model in catalog.ENTRIES and catalog.ENTRIES[model].provider != provider:
        errors.append(FieldError("model", f"This model is made at {catalog.ENTRIES[model].provider}.", "conflict"))
    row, fault = _team(team)
    errors += fault
    found, fault = _key(key, row)
    errors += fault
    if errors:
        raise Invalid("These figures cannot be asked for.", errors=errors)
    row = row or (found.team if found else None)
    return Scope(
        first,
        last,
        provider,
        model,
        variant,
        row.pk if row else None,
        row.public_id if row else "",
        found.pk if found else 0 if key == NO_KEY else None,
        found.public_id if found else key,
    )


def months_of(scope: Scope) -> tuple[list[date], list[tuple[date, date]]]:
    """The whole months of a period by their first days, and the days before and after them, both ends included."""
    months: list[date] = []
    start = scope.first if scope.first.day == 1 else _next_month(scope.first)
    while _next_month(start) - timedelta(days=1) <= scope.last:
        months.append(start)
        start = _next_month(start)
    if not months:
        return [], [(scope.first, scope.last)]
    ranges = [(scope.first, months[0] - timedelta(days=1)), (start, scope.last)]
    return months, [(first, last) for first, last in ranges if first <= last]


def was_made(model: str) -> bool:
    """Whether anything of a model that is no more in the catalogue ever ended. One query; none without a name."""
    return bool(model) and ModelDay.objects.filter(model=model).exists()


def variants_of(model: str) -> list[str]:
    """The variants of a model that anything was made in, and those it is priced by. One query."""
    made = ModelDay.objects.filter(model=model).values_list("variant", flat=True).distinct()
    entry = catalog.ENTRIES.get(model)
    return sorted({*made, *((entry.variant(sample) for sample in entry.samples()) if entry else ())})


def presets(today: date) -> Mapping[str, tuple[date, date]]:
    """Periods that are often asked for, by their words. Those under way end today."""
    month = today.replace(day=1)
    last_month = month - timedelta(days=1)
    return {
        "Today": (today, today),
        "7 days": (today - timedelta(days=6), today),
        "30 days": (today - timedelta(days=29), today),
        "This month": (month, today),
        "Last month": (last_month.replace(day=1), last_month),
        "This year": (today.replace(month=1, day=1), today),
    }


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _team(text: str) -> tuple[Team | None, list[FieldError]]:
    try:
        return teams.by_name(text) if text else None, []
    except Invalid as problem:
        return None, list(problem.errors)


def _key(text: str, team: Team | None) -> tuple[ApiKey | None, list[FieldError]]:
    if text in ("", NO_KEY):
        return None, []
    wanted = ids.parse("key", text)
    row = ApiKey.objects.select_related("team").filter(uuid=wanted).first() if wanted else None
    if row is None:
        return None, [FieldError("key", 'No key has this id. "none" asks for what was made without one.', "not_found")]
    if team and row.team_id != team.pk:
        return None, [FieldError("key", "This key is of another team.", "conflict")]
    return row, []
