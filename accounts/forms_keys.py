"""Forms of the pages about API keys. They read what was typed; accounts.keys judges it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms

from accounts import key_models, key_networks, key_rules
from accounts.models import ApiKey
from project import db
from project.text import clean_name

SCOPES = {
    "read": "read: see history, results and what is in the wallet",
    "generate": "generate: make quotes, uploads and generations, and spend credit on them",
    "billing": "billing: read the statement",
    "manage": "manage: members, keys, budgets, webhooks",
}
ENDS = [("30", "in 30 days"), ("90", "in 90 days"), ("365", "in 1 year"), ("date", "at the end of the day below")]
KEEP = ("keep", "as before")
_COUNT = re.compile(r"[0-9]{1,6}", re.ASCII)
_BETWEEN = re.compile(r"[\s,;]+")


def _midnight_after(day: date) -> datetime:
    """The end of a day in UTC; the calendar's own last days stand for each other."""
    return datetime.combine(min(day, date(9998, 12, 31)) + timedelta(days=1), time(), tzinfo=UTC)


class _EndForm(forms.Form):
    """When a key ends: in some days, or on a day."""

    ends = forms.ChoiceField(label="The key ends", choices=ENDS, initial="365", widget=forms.RadioSelect)
    day = forms.DateField(
        label="Last day",
        required=False,
        help_text="In UTC, at most 5 years away.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("ends") == "date" and "day" in cleaned:
            if cleaned["day"] is None:
                self.add_error("day", "Choose the day, or one of the spans above.")
                return cleaned
            try:
                key_rules.end(_midnight_after(cleaned["day"]), db.now())
            except ValueError as error:
                self.add_error("day", f"The last day {error}.")
        return cleaned

    def expires_at(self, moment: datetime) -> datetime | None:
        """The end that was chosen; None to leave it. The last day counts whole."""
        ends = self.cleaned_data["ends"]
        if ends == "keep":
            return None
        if ends != "date":
            return moment + timedelta(days=int(ends))
        return _midnight_after(self.cleaned_data["day"])


class KeyForm(_EndForm):
    """A new key: what it is called, what it may do, until when."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="What uses it, such as “render farm, production”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(label="It may", widget=forms.CheckboxSelectMultiple)
    once = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("name", "scopes", "ends", "day")

    def __init__(self, data: Mapping[str, Any] | None = None, *, grantable: Sequence[str], **rest: Any) -> None:
        super().__init__(data, **rest)
        self.fields["scopes"].choices = [(scope, SCOPES[scope]) for scope in grantable]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """The name as it is kept; what is wrong with it is told with the other faults of the page."""
        try:
            return clean_name(self.cleaned_data["name"])
        except ValueError as error:
            raise forms.ValidationError(f"The name {error}.") from None


class ChangeForm(KeyForm):
    """The same of a key that exists."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, grantable: Sequence[str], **rest: Any) -> None:
        super().__init__(data, grantable=grantable, **rest)
        self.fields["ends"].choices = [KEEP, *ENDS]  # type: ignore[attr-defined]
        self.fields["ends"].initial = "keep"
        del self.fields["once"]


class LimitsForm(forms.Form):
    """From where, and for which models, a key may be used. Empty is no limit."""

    allowed_ips = forms.CharField(
        label="Addresses",
        required=False,
        max_length=2000,
        help_text="Addresses or networks, one a line, such as 203.0.113.7 or 2001:db8::/32. Empty: from everywhere.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    allowed_models = forms.MultipleChoiceField(
        label="Models",
        required=False,
        help_text="None chosen: all of them, new ones too.",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, kept: Sequence[str] = (), **rest: Any) -> None:
        super().__init__(data, **rest)
        names = dict(key_models.names())
        gone = {slug: f"{slug} (no longer in the catalogue)" for slug in kept if slug not in names}
        self.fields["allowed_models"].choices = list({**names, **gone}.items())  # type: ignore[attr-defined]

    def clean_allowed_ips(self) -> list[str]:
        """The networks, each once: said wrong here too, so that all faults of the page are told together."""
        try:
            return key_networks.clean(part for part in _BETWEEN.split(self.cleaned_data["allowed_ips"]) if part)
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None


class RotateForm(_EndForm):
    """What becomes of the present secret, and the new end."""

    overlap = forms.ChoiceField(
        label="The present secret",
        choices=[
            ("day", "works for another 24 hours, so that programs can be changed one by one"),
            ("none", "ends at once: it has leaked, or may have"),
        ],
        initial="day",
        widget=forms.RadioSelect,
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("overlap", "ends", "day")

    def overlap_of(self) -> timedelta | None:
        """How long the present secret goes on; None for not at all."""
        return key_rules.OVERLAP if self.cleaned_data["overlap"] == "day" else None

    def seen_secrets(self) -> int | None:
        """How many secrets the key had when the form was made; a text that is no number fits none."""
        text = self.cleaned_data["seen"]
        return None if not text else int(text) if _COUNT.fullmatch(text) else -1


def change_forms(key: ApiKey, *, grantable: Sequence[str]) -> tuple[ChangeForm, LimitsForm]:
    """Both forms with what the key has now."""
    terms = {"name": key.name, "scopes": key.scopes}
    limits = {"allowed_ips": "\n".join(key.allowed_ips), "allowed_models": key.allowed_models}
    return ChangeForm(grantable=grantable, initial=terms), LimitsForm(kept=key.allowed_models, initial=limits)
