"""Forms of the pages about payments. They read what was typed; the services judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from billing.countries import COUNTRIES
from billing.details import LABELS, Details
from billing.forms_budgets import HOW, AmountField
from billing.packs import LEAST, MOST, PACKS, Pack
from project.money import dollars, usd

OTHER = "other"


class OptionalAmountField(AmountField):
    """As AmountField, and None for nothing."""

    def __init__(self, *, label: str, help_text: str = HOW) -> None:
        super().__init__(label=label, help_text=help_text)
        self.required = False

    def clean(self, value: Any) -> Any:
        return super().clean(value) if str(value or "").strip() else None


def wanted(text: str) -> int | None:
    """The amount that an address asks for, in micro-dollars; None for what is no amount."""
    try:
        return int(OptionalAmountField(label="").clean(text) or 0) or None
    except forms.ValidationError:
        return None


@dataclass(frozen=True)
class Card:
    """A pack as the page offers it."""

    pack: Pack
    chosen: bool


class TopUpForm(forms.Form):
    """`pack`: a pack's price in micro-dollars, or `other` for the `amount` that was typed. Cleaned, `amount` is the
    micro-dollars to buy either way."""

    pack = forms.ChoiceField(
        label="How much", required=False, error_messages={"invalid_choice": "Choose one of the packs."}
    )
    amount = OptionalAmountField(label="Another amount")
    save_card = forms.BooleanField(label="Save this card for automatic recharge", required=False)

    def __init__(self, data: Any = None, *, amount: int | None = None) -> None:
        """`amount`: what is filled in at first, in micro-dollars."""
        initial: dict[str, Any] = {}
        if amount is not None:
            known = amount in {pack.amount for pack in PACKS}
            initial = {"pack": str(amount)} if known else {"pack": OTHER, "amount": usd(amount)}
        super().__init__(data, initial=initial)
        choices = [(str(pack.amount), dollars(pack.amount)) for pack in PACKS]
        self.fields["pack"].choices = [*choices, (OTHER, "Another amount")]  # type: ignore[attr-defined]
        self.fields["amount"].help_text = f"From {dollars(LEAST)} to {dollars(MOST)}. {HOW} {_tiers()}"
        self.fields["amount"].widget.attrs["data-picks"] = "id_pack_other"

    @property
    def cards(self) -> list[Card]:
        """The packs, with the one that is chosen."""
        return [Card(pack, self["pack"].value() == str(pack.amount)) for pack in PACKS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        chosen, typed = data.get("pack"), data.get("amount")
        if self.errors:
            return data
        if chosen and chosen != OTHER:
            if typed is not None:
                self.add_error("amount", "Choose a pack or write another amount, not both.")
            data["amount"] = int(chosen)
        elif typed is None:
            if chosen:
                self.add_error("amount", "Write how much.")
            else:
                self.add_error("pack", "Choose a pack, or write another amount.")
        return data


def _tiers() -> str:
    """What is granted on top, in a sentence."""
    tiers = [f"{pack.percent} % from {dollars(pack.amount)}" for pack in PACKS if pack.percent]
    return f"On top come {', '.join(tiers)}." if tiers else ""


def _text(name: str, autocomplete: str, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=LABELS[name], required=False, max_length=500, widget=widget, help_text=help_text)


class DetailsForm(forms.Form):
    """Who receipts are made out to."""

    name = _text("name", "organization", "A company or a person, as it should stand on receipts.")
    email = forms.CharField(
        label=LABELS["email"],
        required=False,
        max_length=500,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="Of who looks after invoices. Stripe knows you by it.",
    )
    line1 = _text("line1", "address-line1")
    line2 = _text("line2", "address-line2")
    postal_code = _text("postal_code", "postal-code")
    city = _text("city", "address-level2")
    region = _text("region", "address-level1")
    country = forms.ChoiceField(
        label=LABELS["country"],
        required=False,
        choices=[("", "Choose…"), *COUNTRIES.items()],
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    tax_id = _text("tax_id", "off", "Such as a VAT number. It stands on your receipts as you write it.")

    @property
    def details(self) -> Details:
        """What was typed."""
        return Details(**{name: self.cleaned_data[name] for name in LABELS})
