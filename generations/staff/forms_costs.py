"""What the desk of costs is asked, as it stands in the address."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.forms_teams import tell
from generations import catalog
from generations.oversight import drill_down, scopes
from generations.oversight.drill_down import Wanted
from generations.oversight.lines import Order, Sort
from generations.oversight.scopes import Scope
from generations.staff.periods import Days
from project.errors import Invalid

LIST = "Choose one of the list."


class CostsForm(Days):
    """Days and filters."""

    provider = forms.ChoiceField(required=False, error_messages={"invalid_choice": LIST})
    model = forms.CharField(required=False, max_length=60)
    variant = forms.CharField(required=False, max_length=120)
    team = forms.CharField(required=False, max_length=200, label="Team", help_text="Its id or whole name")
    key = forms.CharField(required=False, max_length=80, label="API key", help_text='Its id, or "none"')
    sort = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, today: date) -> None:
        super().__init__(data, today=today)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)
        provider.choices = [("", "all"), *((name, name) for name in sorted({e.provider for e in _entries()}))]
        chosen = str(self.data.get("model", ""))
        known = chosen in catalog.ENTRIES or scopes.was_made(chosen)
        gone = [(chosen, f"{chosen} (withdrawn)")] if known and chosen not in catalog.ENTRIES else []
        models = [("", "all"), *((entry.slug, entry.name) for entry in _entries()), *gone]
        self.fields["model"].widget = forms.Select(choices=models)
        if known:
            variants = [(name or scopes.NO_VARIANT, name or "none kept") for name in scopes.variants_of(chosen)]
            self.fields["variant"].widget = forms.Select(choices=[("", "all"), *variants])
        else:
            self.fields["variant"].widget = forms.HiddenInput()
        self.scope: Scope | None = None

    def clean_model(self) -> str:
        slug: str = self.cleaned_data["model"]
        widget = self.fields["model"].widget
        if slug and isinstance(widget, forms.Select) and slug not in {value for value, _ in widget.choices}:
            raise forms.ValidationError(LIST)
        return slug

    def clean_variant(self) -> str:
        name: str = self.cleaned_data["variant"]
        widget = self.fields["variant"].widget
        if name and isinstance(widget, forms.Select) and name not in {value for value, _ in widget.choices}:
            raise forms.ValidationError("This model has no such variant. Choose one of the list.")
        return name

    def clean_sort(self) -> str:
        text: str = self.cleaned_data["sort"]
        if text and text.removeprefix("-") not in list(Order):
            raise forms.ValidationError(f"Sort by one of {', '.join(Order)}; a - before it puts the largest first.")
        return text

    def asked(self) -> bool:
        """Whether the question can be asked: `scope` is it. Otherwise the faults stand beside their fields."""
        if not self.is_valid():
            return False
        found = self.cleaned_data
        names = ("provider", "model", "variant", "team", "key")
        try:
            self.scope = scopes.scope_of(
                first=found["from"], last=found["to"], **{name: found[name].strip() for name in names}
            )
        except Invalid as problem:
            tell(self, problem)
            return False
        return True

    @property
    def question(self) -> Scope:
        assert self.scope is not None, "ask `asked` first"
        return self.scope

    @property
    def order(self) -> Sort:
        text = self.cleaned_data["sort"] or str(Sort())
        return Sort(Order(text.removeprefix("-")), text.startswith("-"))

    @property
    def kept(self) -> dict[str, str]:
        """The question as it stands in an address."""
        return self.question.kept

    @property
    def query(self) -> str:
        """The same as the end of an address."""
        return urlencode(self.kept)


class GenerationsForm(CostsForm):
    """The same, and which of them."""

    status = forms.ChoiceField(required=False, error_messages={"invalid_choice": LIST})
    verdict = forms.ChoiceField(required=False, label="Provider's charge", error_messages={"invalid_choice": LIST})

    def __init__(self, data: QueryDict, *, today: date) -> None:
        super().__init__(data, today=today)
        for name, words in (("status", drill_down.STATUSES), ("verdict", drill_down.VERDICTS)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "all"), *words.items()]

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.question, self.cleaned_data["status"], self.cleaned_data["verdict"])

    @property
    def kept(self) -> dict[str, str]:
        picked = {name: self.cleaned_data[name] for name in ("status", "verdict") if self.cleaned_data[name]}
        return super().kept | picked


def _entries() -> list[Any]:
    return sorted(catalog.ENTRIES.values(), key=lambda entry: entry.position)
