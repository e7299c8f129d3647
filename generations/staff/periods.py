"""Days that a page is asked for, both included, UTC: `from` and `to` in the address, and shortcuts to what is often
asked."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.forms_audit import Day
from generations.oversight import scopes

NAMES = ("from", "to")


class Days(forms.Form):
    """`from` and `to` before the fields of its subclass; without days the last 30."""

    MOST_DAYS = scopes.MOST_DAYS

    def __init__(self, data: QueryDict, *, today: date) -> None:
        first, last = scopes.presets(today)["30 days"]
        super().__init__({"from": first.isoformat(), "to": last.isoformat(), **data.dict()})
        days = {name: Day(label=name.capitalize(), input_formats=["%Y-%m-%d"]) for name in NAMES}
        self.fields = days | self.fields
        self.today = today

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if "from" in found and "to" in found:
            if found["to"] < found["from"]:
                self.add_error("to", "The last day lies before the first one.")
            elif (found["to"] - found["from"]).days >= self.MOST_DAYS:
                self.add_error("to", f"Choose at most {self.MOST_DAYS} days.")
        return found

    @property
    def presets(self) -> list[dict[str, Any]]:
        """Shortcuts to other days, which keep every other filter that is none of the faults."""
        others = [name for name in self.fields if name not in (*NAMES, *self.errors)]
        kept = {name: self.data[name] for name in others if self.data.get(name)}
        shown = tuple(self.data[name] for name in NAMES)
        return [
            {"words": words, "query": urlencode({"from": days[0], "to": days[1], **kept}), "current": days == shown}
            for words, days in ((words, tuple(map(str, days))) for words, days in scopes.presets(self.today).items())
        ]
