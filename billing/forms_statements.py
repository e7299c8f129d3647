"""The period of the statement's page and of the spend's, as it stands in the address."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.forms_audit import Day
from billing import spend


@dataclass(frozen=True)
class Shortcut:
    """A period that is often asked for."""

    words: str
    first: date
    last: date
    current: bool = False

    @property
    def query(self) -> str:
        return urlencode({"from": self.first, "to": self.last})


class PeriodForm(forms.Form):
    """`from` and `to`: both days included, in UTC. What is not given is what `first` and `last` say."""

    def __init__(self, data: QueryDict, *, first: date, last: date, **more: str) -> None:
        super().__init__({"from": first.isoformat(), "to": last.isoformat(), **more, **data.dict()})
        self.fields["from"] = Day(label="From", input_formats=["%Y-%m-%d"])
        self.fields["to"] = Day(label="To", input_formats=["%Y-%m-%d"])

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("from") and found.get("to") and found["from"] > found["to"]:
            self.add_error("to", "The last day lies before the first one.")
        return found

    @property
    def first(self) -> date:
        day: date = self.cleaned_data["from"]
        return day

    @property
    def last(self) -> date:
        day: date = self.cleaned_data["to"]
        return day

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The first moment of the period, and the first one after it."""
        return _midnight(self.first), _midnight(self.last) + timedelta(days=1)

    @property
    def kept(self) -> Mapping[str, str]:
        """The period as it stands in an address."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    def shown(self, shortcuts: list[Shortcut]) -> list[Shortcut]:
        """The shortcuts, with the one marked that is shown now."""
        now = (self.first, self.last) if self.is_valid() else None
        return [Shortcut(row.words, row.first, row.last, (row.first, row.last) == now) for row in shortcuts]


class SpendForm(PeriodForm):
    """The same, at most 366 days, and what it is told apart by."""

    def __init__(self, data: QueryDict, *, first: date, last: date) -> None:
        super().__init__(data, first=first, last=last, by=spend.By.MODEL.value)
        names = [(by.value, words) for by, words in BY.items()]
        self.fields["by"] = forms.ChoiceField(label="By", choices=names)
        self.fields["by"].error_messages["invalid_choice"] = "Choose one of the list."

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if not self.errors and (self.last - self.first).days >= spend.MOST_DAYS:
            self.add_error("to", f"Choose at most {spend.MOST_DAYS} days.")
        return found

    @property
    def by(self) -> spend.By:
        return spend.By(self.cleaned_data["by"])

    @property
    def kept(self) -> Mapping[str, str]:
        return {**super().kept, "by": self.by.value}


BY = {
    spend.By.MODEL: "Model",
    spend.By.MEMBER: "Member",
    spend.By.KEY: "API key",
    spend.By.DAY: "Day",
}


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of a month."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def of_statement(today: date, since: date) -> list[Shortcut]:
    """This month, last month, this year, and all since a day."""
    last_month = month_of(today.replace(day=1) - timedelta(days=1))
    return [
        Shortcut("This month", *month_of(today)),
        Shortcut("Last month", *last_month),
        Shortcut("This year", date(today.year, 1, 1), date(today.year, 12, 31)),
        Shortcut("All", since, today),
    ]


def of_spend(today: date) -> list[Shortcut]:
    """The last 7, 30 and 90 days, this month and the last one."""
    days = [Shortcut(f"{count} days", today - timedelta(days=count - 1), today) for count in (7, 30, 90)]
    last_month = month_of(today.replace(day=1) - timedelta(days=1))
    return [*days, Shortcut("This month", today.replace(day=1), today), Shortcut("Last month", *last_month)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
