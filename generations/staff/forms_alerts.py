"""The forms of an alert and of its rule: percent, dollars, days and minutes as people read them, to the rule's unit."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from django import forms
from django.http import QueryDict

from generations.models import AlertRule
from generations.oversight import alert_acts
from generations.oversight.alert_rules import Setting
from generations.oversight.alert_specs import MINUTE, PERCENT, Spec, Unit
from project import money

_SHARE = re.compile(r"[-\N{MINUS SIGN}]?[0-9]{1,3}(\.[0-9]{1,4})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,7}", re.ASCII)
UNITS: dict[Unit, tuple[str, str]] = {
    "share": ("percent", "such as 12.5"),
    "money": ("US dollars", "such as 0.30"),
    "days": ("days", "a whole number"),
    "seconds": ("seconds", "a whole number"),
    "count": ("how many", "a whole number"),
}
BAD = "Enter {}."


class AcknowledgeForm(forms.Form):
    """What is done about an alert, in a line."""

    text = forms.CharField(
        label="What is done about it",
        max_length=alert_acts.MOST_TEXT,
        help_text="Everybody at the desk reads it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class RuleForm(forms.Form):
    """What staff set of a rule. Values are texts in the kind's unit; `setting` is what they mean."""

    enabled = forms.BooleanField(label="Watch this and tell us", required=False)
    on_at = forms.CharField(max_length=20)
    off_at = forms.CharField(max_length=20)
    at_least = forms.CharField(max_length=9, required=False)
    calm_seconds = forms.CharField(
        label="Minutes that it must be right before the alert goes off",
        max_length=9,
        help_text="Without a break. 0: at once.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict | None = None, *, spec: Spec, rule: AlertRule) -> None:
        super().__init__(data, initial=None if data is not None else _typed(spec, rule))
        self.spec = spec
        unit, example = UNITS[spec.unit]
        side, back = ("below", "at or above") if spec.below else ("above", "at or below")
        self._field("on_at", f"Goes on {side} ({unit})", example)
        self._field(
            "off_at", f"Goes off {back} ({unit})", "Between the two nothing changes: a figure that swings tells once."
        )
        if spec.cases:
            self._field("at_least", f"Fewest {spec.cases} before it may go on", "A rate of a few means little.")
        else:
            del self.fields["at_least"]

    def _field(self, name: str, label: str, help_text: str) -> None:
        field = self.fields[name]
        field.label, field.help_text = label, help_text
        field.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off", "spellcheck": "false"})

    def clean_on_at(self) -> int:
        return self._amount("on_at")

    def clean_off_at(self) -> int:
        return self._amount("off_at")

    def clean_at_least(self) -> int:
        return self._read("at_least", lambda text: _whole(text or "0"), "a whole number")

    def clean_calm_seconds(self) -> int:
        return self._read("calm_seconds", _whole, "whole minutes") * MINUTE

    def setting(self) -> Setting:
        """What was typed, once the form is valid."""
        given = self.cleaned_data
        return Setting(
            given["enabled"], given["on_at"], given["off_at"], given.get("at_least", 0), given["calm_seconds"]
        )

    def _amount(self, name: str) -> int:
        unit = self.spec.unit
        return self._read(name, lambda text: amount(unit, text), f"{UNITS[unit][0]}, {UNITS[unit][1]}")

    def _read(self, name: str, read: Callable[[str], int], wanted: str) -> int:
        try:
            return read(self.cleaned_data[name].strip())
        except ValueError:
            raise forms.ValidationError(BAD.format(wanted)) from None


def amount(unit: Unit, text: str) -> int:
    """The value that a text means in a unit: percent to parts per million, dollars to micro-dollars. ValueError."""
    if unit == "share":
        if not _SHARE.fullmatch(text):
            raise ValueError("a share is a percentage such as 12.5")
        return int(Decimal(text.replace("\N{MINUS SIGN}", "-")) * PERCENT)
    return money.from_usd(text) if unit == "money" else _whole(text)


def typed(unit: Unit, value: int) -> str:
    """The text that `amount` reads as this value."""
    if unit == "share":
        whole, rest = divmod(abs(value), PERCENT)
        return f"{'-' if value < 0 else ''}{whole}{f'.{rest:04}'.rstrip('0') if rest else ''}"
    return money.usd(value) if unit == "money" else str(value)


def _typed(spec: Spec, rule: AlertRule) -> dict[str, object]:
    return {
        "enabled": rule.enabled,
        "on_at": typed(spec.unit, rule.on_at),
        "off_at": typed(spec.unit, rule.off_at),
        "at_least": str(rule.at_least),
        "calm_seconds": str(rule.calm_seconds // MINUTE),
    }


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError("digits")
    return int(text)
