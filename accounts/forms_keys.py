"""Forms of the pages about API keys. They read what was typed; accounts.keys judges it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms

from accounts import key_models, key_rules
from accounts.models import ApiKey

SCOPES = {
    "read": "read: see history, results and what is in the wallet",
    "generate": "generate: make quotes, uploads and generations, and spend credit on them",
    "billing": "billing: read the statement",
    "manage": "manage: members, keys, budgets, webhooks",
}
ENDS = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("date", "On the day chosen below")]
KEEP = ("keep", "Leave it as it is")
_COUNT = re.compile(r"[0-9]{1,6}", re.ASCII)
_BETWEEN = re.compile(r"[\s,;]+")


class _EndForm(forms.Form):
    """When a key ends: in some days, or on a day."""

    ends = forms.ChoiceField(label="It ends in", choices=ENDS, initial="365", widget=forms.RadioSelect)
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
            elif cleaned["day"].year > datetime.now(tz=UTC).year + 10:  # only keeps the arithmetic in bounds
                self.add_error("day", "must be at most 5 years away")
        return cleaned

    def expires_at(self, moment: datetime) -> datetime | None:
        """The end that was chosen; None to leave it. The last day counts whole."""
        ends = self.cleaned_data["ends"]
        if ends == "keep":
            return None
        if ends != "date":
            return moment + timedelta(days=int(ends))
        day: date = self.cleaned_data["day"]
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)


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
        """The networks as they were typed, apart."""
        return [part for part in _BETWEEN.split(self.cleaned_data["allowed_ips"]) if part]


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
