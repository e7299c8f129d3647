"""Forms of the page about automatic recharge and the mail about a low balance."""

from __future__ import annotations

from typing import Any

from django import forms

from billing.forms_budgets import AmountField
from billing.forms_payments import OptionalAmountField
from billing.models import AutoRecharge
from billing.recharges import CEILING, TARGET, THRESHOLD
from project.money import usd

BELOW = "The recharge starts when less than this is available. In dollars, such as 10.00."
UP_TO = "It buys what is missing to this, at least $5.00 above the threshold."
CEILING_HELP = "In a calendar month (UTC) the card is never charged more than this."
LOW = "In dollars, such as 5.00. Leave it empty for no mail."


class RechargeForm(forms.Form):
    """The amounts, in micro-dollars when cleaned."""

    threshold = AmountField(label="When less is available than", help_text=BELOW)
    target = AmountField(label="Fill up to", help_text=UP_TO)
    monthly_ceiling = AmountField(label="At most in a month", help_text=CEILING_HELP)

    def __init__(self, data: Any = None, *, row: AutoRecharge | None = None) -> None:
        amounts = (row.threshold, row.target, row.monthly_ceiling) if row else (THRESHOLD, TARGET, CEILING)
        super().__init__(data, initial=dict(zip(self.base_fields, map(usd, amounts), strict=True)))


class LowBalanceForm(forms.Form):
    """Below which amount to mail; None is never."""

    low_balance = OptionalAmountField(label="Mail when less is available than", help_text=LOW)

    def __init__(self, data: Any = None, *, low_balance: int | None = None) -> None:
        super().__init__(data, initial={"low_balance": usd(low_balance)} if low_balance else {})
