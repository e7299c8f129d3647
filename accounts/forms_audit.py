"""The filters of the audit log, as they stand in the address."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import QueryDict

from accounts import audit_queries, audit_words
from accounts.audit import NOBODY, STAFF
from accounts.audit_queries import PROGRAMS, Filters
from accounts.models import Team

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)  # days that the calendar of any program can count on from


class _DayInput(forms.DateInput):
    """A browser's calendar takes a day or nothing: what else was written is said beside it, not put back."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        text = super().format_value(value)
        return text if text is not None and _DAY.fullmatch(text) else None


class Day(forms.DateField):
    """A day in UTC, `2026-01-31`, in ASCII digits (faults.md row 76)."""

    widget = _DayInput(format="%Y-%m-%d")
    default_error_messages = {"invalid": "Write the day as 2026-01-31."}

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and not value.isascii():
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        day = super().to_python(value)
        if day is not None and not FIRST <= day <= LAST:
            raise forms.ValidationError(f"Choose a day from {FIRST} to {LAST}.", code="out_of_range")
        return day


class FilterForm(forms.Form):
    """`about`, `actor`, `from`, `to`: both days included, in UTC."""

    about = forms.ChoiceField(label="About", required=False)
    actor = forms.ChoiceField(label="Who", required=False)

    def __init__(self, data: QueryDict, *, team: Team) -> None:
        super().__init__(data)
        known = audit_queries.actors(team)
        about, actor = self.fields["about"], self.fields["actor"]
        assert isinstance(about, forms.ChoiceField)
        assert isinstance(actor, forms.ChoiceField)
        about.choices = [("", "everything"), *audit_words.GROUPS.items()]
        about.error_messages["invalid_choice"] = "There is no such kind of event. Choose one of the list."
        actor.choices = [
            ("", "everybody"),
            ("Members", known.people),
            *([("API keys", known.keys)] if known.keys else []),
            ("Others", [(STAFF, "Framehouse staff"), (PROGRAMS, "Framehouse itself"), (NOBODY, "somebody unknown")]),
        ]
        actor.error_messages["invalid_choice"] = "Nobody of that name has acted here. Choose one of the list."
        self.fields["from"] = Day(label="From", required=False, input_formats=["%Y-%m-%d"])
        self.fields["to"] = Day(label="To", required=False, input_formats=["%Y-%m-%d"])

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("from") and found.get("to") and found["from"] > found["to"]:
            self.add_error("to", "The last day lies before the first one.")
        return found

    @property
    def kept(self) -> dict[str, str]:
        """The filters in use, as they stand in the address."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}

    @property
    def filters(self) -> Filters:
        """What a valid form asks for."""
        found = self.cleaned_data
        return Filters(
            about=found["about"],
            actor=found["actor"],
            since=_midnight(found["from"]) if found["from"] else None,
            before=_midnight(found["to"] + timedelta(days=1)) if found["to"] else None,
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
