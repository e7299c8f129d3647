"""Forms of the desk of prices. They read what was typed into micro-dollars, ppm and moments; the verbs judge it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.duties import LONGEST_REASON
from generations import catalog
from generations.catalog import Entry
from generations.models import PriceVersion
from generations.oversight.price_desk import Draft, draft_of
from generations.oversight.what_if import LEAST_CHANGE, MOST_CHANGE, MOST_DAYS
from generations.pricing import UnitPrice
from project import money, params
from project.errors import Problem

_PERCENT = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,4})?", re.ASCII)
_MOMENT = "%Y-%m-%d %H:%M"
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class Percent(forms.CharField):
    """A percentage with at most four decimals, as whole parts per million; None when left empty."""

    widget = forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal", "size": "8"})

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).removesuffix("%").strip()
        if not text:
            return None
        if not _PERCENT.fullmatch(text):
            raise forms.ValidationError("Write a percentage such as 10 or 2.5.", code="invalid")
        return int(Decimal(text).scaleb(4))


class Change(Percent):
    """So many percent dearer or cheaper, as far as a what-if goes."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not LEAST_CHANGE <= value <= MOST_CHANGE:
            raise forms.ValidationError("A change is between -90 and 1,000 percent.", code="out_of_range")


class Dollars(forms.CharField):
    """An amount of dollars, as micro-dollars; None when left empty."""

    widget = forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal", "size": "10"})

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).removeprefix("$").strip()
        if not text:
            return None
        try:
            return money.from_usd(text)
        except ValueError as error:
            sentence = "Write dollars with at most 6 decimals, such as 0.25."
            raise forms.ValidationError(sentence, code="invalid") from error


class Moment(forms.CharField):
    """A minute in UTC, `2026-12-01 09:00`; None (now) when left empty."""

    widget = forms.TextInput(attrs={**_PLAIN, "placeholder": "now", "size": "17"})

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).strip().replace("T", " ").removesuffix("UTC").strip()
        if not text:
            return None
        try:
            if not text.isascii():
                raise ValueError(text)
            return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
        except ValueError as error:
            sentence = "Write a moment in UTC as 2026-12-01 09:00, or nothing for now."
            raise forms.ValidationError(sentence, code="invalid") from error


def read_asked(field: type[forms.Field], query: QueryDict, name: str) -> Any:
    """What an address says of a name, read as a field that may be empty would read it. Raises Invalid."""
    try:
        return field(required=False).clean(query.get(name, ""))
    except forms.ValidationError as error:
        raise params.wrong(name, error.messages[0]) from error


@dataclass(frozen=True)
class Row:
    """One variant in the form of a price: its rates as they are now, and the two fields."""

    variant: str
    units: Sequence[UnitPrice]
    margin: forms.BoundField
    fixed: forms.BoundField | None


class PriceForm(forms.Form):
    """A new version of a model's price, filled with the last one. `made_from` is that one's number."""

    made_from = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**9)
    margin = Percent(label="Margin for all variants, percent", help_text="On the rates. A variant may have its own.")
    effective_from = Moment(label="From", required=False, help_text="A minute in UTC; nothing is now.")
    reason = forms.CharField(label="Reason", max_length=LONGEST_REASON, widget=forms.TextInput(attrs=_PLAIN))
    sell_below_cost = forms.BooleanField(label="Sell below cost", required=False)

    def __init__(self, data: QueryDict | None, *, entry: Entry, last: PriceVersion, moment: datetime | None) -> None:
        self.variants = entry.variants(last.rates)
        begins = moment.strftime(_MOMENT) if moment else ""
        super().__init__(data, initial={"made_from": last.number, "effective_from": begins})
        self.fill(draft_of(last))
        for place, variant in enumerate(self.variants):
            self.fields[f"margin_{place}"] = Percent(label=f"Margin of {variant}, percent", required=False)
            if entry.unit != "token":
                self.fields[f"fixed_{place}"] = Dollars(label=f"Fixed price of {variant}, dollars", required=False)

    @property
    def draft(self) -> Draft:
        """What was typed, once the form is valid."""
        kept = self.cleaned_data
        margins = {name: kept.get(f"margin_{place}") for place, name in enumerate(self.variants)}
        fixed = {name: kept.get(f"fixed_{place}") for place, name in enumerate(self.variants)}
        return Draft(
            kept["margin"],
            {name: value for name, value in margins.items() if value is not None},
            {name: value for name, value in fixed.items() if value is not None},
        )

    def rows(self, units: Sequence[UnitPrice]) -> list[Row]:
        """The variants with their rates, for the table of the form."""
        return [
            Row(
                variant,
                [unit for unit in units if unit.variant == variant],
                self[f"margin_{place}"],
                self[f"fixed_{place}"] if f"fixed_{place}" in self.fields else None,
            )
            for place, variant in enumerate(self.variants)
        ]

    def fill(self, draft: Draft) -> None:
        """Shows a draft in its fields."""
        self.initial["margin"] = _typed_percent(draft.margin_ppm)
        for place, variant in enumerate(self.variants):
            margin, fixed = draft.margins.get(variant), draft.fixed.get(variant)
            self.initial[f"margin_{place}"] = "" if margin is None else _typed_percent(margin)
            self.initial[f"fixed_{place}"] = "" if fixed is None else money.usd(fixed)

    def named(self, problem: Problem) -> Problem:
        """The problem with the names that its fields have here."""
        places = {variant: place for place, variant in enumerate(self.variants)}

        def name(path: str) -> str:
            kind, _, variant = path.partition(".")
            return f"{kind.removesuffix('s')}_{places[variant]}" if variant in places else path

        problem.errors = tuple(replace(error, path=name(error.path)) for error in problem.errors)
        return problem


def _typed_percent(ppm: int) -> str:
    """Parts per million as somebody types a percentage: 125,000 -> "12.5"."""
    return f"{Decimal(ppm).scaleb(-4).normalize():f}"


class WhatIfForm(forms.Form):
    """By how much, of what, over which days. `of` is "", `provider:<name>` or a model's slug."""

    change = Change(label="Change, percent", help_text="10 is dearer by a tenth, -10 cheaper.")
    of = forms.ChoiceField(label="Of", required=False)
    days = forms.IntegerField(label="Last days", min_value=1, max_value=MOST_DAYS)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__({"change": "10", "of": "", "days": "30", **data})
        providers = sorted({entry.provider for entry in catalog.ENTRIES.values()})
        of = self.fields["of"]
        assert isinstance(of, forms.ChoiceField)
        of.choices = [
            ("", "everything"),
            *((f"provider:{name}", f"provider {name}") for name in providers),
            *((slug, entry.name) for slug, entry in catalog.ENTRIES.items()),
        ]

    @property
    def of_words(self) -> str:
        """What the change is of, as the list has it."""
        of = str(self.cleaned_data["of"])
        if of in catalog.ENTRIES:
            return catalog.get(of).name
        return of.replace(":", " ") or "everything"

    @property
    def slugs(self) -> list[str]:
        """The models that are meant."""
        of = str(self.cleaned_data["of"])
        return [
            slug
            for slug, entry in catalog.ENTRIES.items()
            if of in ("", slug) or of.removeprefix("provider:") == entry.provider
        ]


class DiscountForm(forms.Form):
    """A discount of one team. `made_from` says how many of each model there were: `model=number` between commas."""

    made_from = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4000)
    model = forms.ChoiceField(label="Of", required=False)
    percent = Percent(label="Discount, percent", help_text="At most 90. 0 ends it.")
    effective_from = Moment(label="From", required=False, help_text="A minute in UTC; nothing is now.")
    reason = forms.CharField(label="Reason", max_length=LONGEST_REASON, widget=forms.TextInput(attrs=_PLAIN))
    sell_below_cost = forms.BooleanField(label="Sell below cost", required=False)

    def __init__(self, data: QueryDict | None, *, numbers: Mapping[str, int]) -> None:
        made_from = ",".join(f"{model}={number}" for model, number in sorted(numbers.items()))
        super().__init__(data, initial={"made_from": made_from})
        model = self.fields["model"]
        assert isinstance(model, forms.ChoiceField)
        model.choices = [("", "all models"), *((slug, entry.name) for slug, entry in catalog.ENTRIES.items())]

    @property
    def seen(self) -> int:
        """How many discounts of the chosen model there were when the form was shown."""
        pairs = dict(part.rpartition("=")[::2] for part in self.cleaned_data["made_from"].split(",") if "=" in part)
        number = pairs.get(self.cleaned_data["model"], "0")
        return int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else -1


class FindTeamForm(forms.Form):
    team = forms.CharField(
        label="Team", max_length=200, help_text="Its id or whole name", widget=forms.TextInput(_PLAIN)
    )
