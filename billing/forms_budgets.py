"""Forms of the pages about budgets. Amounts are typed in dollars or credits, dates in UTC; digits are ASCII only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms

from billing.budget_queries import State
from billing.budget_requests import LONGEST_TEXT
from billing.models import Period
from project.money import dollars, from_credits, from_usd, usd

_CREDITS = re.compile(r"(?P<number>.*?)\s*credits?", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
HOW = "In dollars, such as 12.50, or in credits, such as 2500 credits."
WRONG_AMOUNT = "Write an amount in dollars such as 12.50, or in credits such as 2500 credits: digits and a point only."
WORDS = {Period.DAY.value: "a day", Period.MONTH.value: "a month"}


class AmountField(forms.CharField):
    """Micro-dollars of `12.50`, `$12.50` or `2500 credits`; nothing signed, grouped, `1e3` or in other digits."""

    def __init__(self, *, label: str, help_text: str = HOW) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label=label, help_text=help_text, widget=widget)

    def clean(self, value: Any) -> Any:
        text: str = super().clean(value)
        credits = _CREDITS.fullmatch(text)
        try:
            return from_credits(credits["number"]) if credits else from_usd(text.removeprefix("$"))
        except ValueError as error:
            raise forms.ValidationError(WRONG_AMOUNT, code="amount") from error


class UntilField(forms.CharField):
    """The instant at which a day of UTC ends."""

    def __init__(self) -> None:
        super().__init__(
            label="Until the end of",
            help_text="A day of UTC, such as 2026-01-31.",
            widget=forms.TextInput(attrs={"type": "date", "autocomplete": "off"}),
        )

    def clean(self, value: Any) -> Any:
        text: str = super().clean(value)
        try:
            if not _DATE.fullmatch(text):
                raise ValueError(text)
            after = date.fromisoformat(text) + timedelta(days=1)
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError("Write a day that exists, such as 2026-01-31.", code="date") from error
        return datetime(after.year, after.month, after.day, tzinfo=UTC)


class LimitForm(forms.Form):
    """The cap of one period."""

    limit = AmountField(label="Limit")

    def __init__(self, data: Any = None, *, period: str, state: State | None = None) -> None:
        initial = {"limit": usd(state.budget.limit)} if state else {}
        super().__init__(data, initial=initial, auto_id=f"{period}_%s")


class RaiseForm(forms.Form):
    """More until a day."""

    amount = AmountField(label="Raise by")
    until = UntilField()

    def __init__(self, data: Any = None, *, period: str = "", amount: int | None = None) -> None:
        initial = {"amount": usd(amount)} if amount else {}
        super().__init__(data, initial=initial, auto_id=f"{period}_raise_%s")


class DeclineForm(forms.Form):
    """A sentence to the member."""

    answer = forms.CharField(
        label="Answer", max_length=LONGEST_TEXT, help_text="One sentence; the member gets it by mail."
    )


class AskForm(forms.Form):
    """A member's wish for more of one of their budgets."""

    period = forms.ChoiceField(label="Which budget")
    amount = AmountField(label="How much more")
    reason = forms.CharField(
        label="What for",
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="A sentence for the owners and admins who decide.",
    )

    def __init__(self, data: Any = None, *, states: Sequence[State], period: str = "") -> None:
        super().__init__(data, initial={"period": period})
        choices = [(state.budget.period, f"{dollars(state.cap)} {WORDS[state.budget.period]}") for state in states]
        self.fields["period"].choices = choices  # type: ignore[attr-defined]
