"""Forms of the desk of teams. They read what was typed; the verbs judge it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms

from accounts.duties import LONGEST_REASON, Bundle
from billing.forms_budgets import AmountField, UntilField

READ = "The team reads it in its audit log and its mail."
INSIDE = "It stays inside the house."


class FindForm(forms.Form):
    q = forms.CharField(
        label="Find",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
        help_text="A part of a name, an address, the start of an API key, or an id: team, key, payment, refund,"
        " generation, or of Stripe's.",
    )


class ReasonForm(forms.Form):
    """Why; `once` is the form's own key: sent twice it acts once."""

    reason = forms.CharField(
        label="Why", max_length=LONGEST_REASON, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    once = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, about: str = READ) -> None:
        super().__init__(data, initial={"once": uuid.uuid4()})
        self.fields["reason"].help_text = about


class Until(UntilField):
    """A day that may be left out."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label, self.required = label, False

    def clean(self, value: Any) -> Any:
        return None if value in (None, "") else super().clean(value)


class GrantForm(ReasonForm):
    """How much, and until when."""

    amount = AmountField(label="How much")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, about=INSIDE)
        self.fields["expires_at"] = Until("Expires at the end of")
        self.order_fields(["amount", "expires_at", "reason"])

    @property
    def micro(self) -> int:
        """Signed micro-dollars."""
        amount: int = self.cleaned_data["amount"]
        return amount

    @property
    def ends(self) -> datetime | None:
        end: datetime | None = self.cleaned_data["expires_at"]
        return end


class AdjustForm(GrantForm):
    """The same with a direction."""

    way = forms.ChoiceField(
        label="What", choices=[("add", "Add credit"), ("take", "Take credit")], widget=forms.RadioSelect, initial="add"
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["reason"].help_text = READ
        self.fields["expires_at"].help_text = "Only of credit that is added."
        self.order_fields(["way", "amount", "expires_at", "reason"])

    @property
    def micro(self) -> int:
        return super().micro if self.cleaned_data["way"] == "add" else -super().micro


class NoteForm(forms.Form):
    """What a second person says to an adjustment."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=f"{INSIDE} A refusal needs one.",
    )


class DutiesForm(forms.Form):
    """Every act of the staff to tick, and the whole of a person."""

    def __init__(
        self, data: Any = None, *, acts: dict[str, str], held: list[str], superuser: bool, staff: bool
    ) -> None:
        super().__init__(data, initial={"acts": held, "superuser": superuser, "staff": staff})
        self.fields["acts"] = forms.MultipleChoiceField(
            label="May", required=False, choices=list(acts.items()), widget=forms.CheckboxSelectMultiple
        )
        self.fields["superuser"] = forms.BooleanField(label="Superuser: everything, and duties", required=False)
        self.fields["staff"] = forms.BooleanField(label="Belongs to the staff", required=False)
        self.fields["reason"] = forms.CharField(
            label="Why",
            max_length=LONGEST_REASON,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            help_text="It stands in the audit log.",
        )

    def with_bundle(self, bundle: Bundle) -> None:
        """Ticks a bundle's acts beside those held."""
        self.initial["acts"] = sorted({*self.initial["acts"], *bundle.acts})
