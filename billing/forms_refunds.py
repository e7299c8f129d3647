"""The form of the team's own refund, and those of staff."""

from __future__ import annotations

from typing import Any

from django import forms

from billing.forms_budgets import AmountField
from billing.recharges import typed
from billing.refunds import LONGEST_REASON


class RefundForm(forms.Form):
    """How much goes back: all that can, unless less is written."""

    amount = AmountField(label="How much to refund", help_text="In dollars and cents, such as 12.50.")

    def __init__(self, data: Any = None, *, most: int) -> None:
        super().__init__(data, initial={"amount": typed(most)})


class StaffRefundForm(RefundForm):
    """The same with a reason."""

    reason = forms.CharField(
        label="Why",
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The team reads it in its audit log.",
    )
