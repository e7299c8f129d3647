"""What the desk of operations is asked, and what is typed at its acts. The verbs judge it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from generations import catalog, providers
from generations.models.generation import OPEN
from generations.oversight import callback_log, open_rows, pauses
from project import ids

PLACES = frozenset({"older", "newer"})
WINDOWS: Mapping[str, tuple[str, int]] = {
    "hour": ("Last hour", 1),
    "day": ("Last 24 hours", 24),
    "week": ("Last 7 days", 168),
}
_LIST = {"invalid_choice": "Choose one of the list."}


class Asked(forms.Form):
    """Filters of a list, as they stand in its address."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)

    @property
    def kept(self) -> dict[str, str]:
        """The filters that are set."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    @property
    def query(self) -> str:
        return urlencode(self.kept)


def _providers() -> list[tuple[str, str]]:
    return [("", "all"), *((name, name) for name in sorted(providers.PROVIDERS))]


class OpenForm(Asked):
    provider = forms.ChoiceField(required=False, error_messages=_LIST)
    status = forms.ChoiceField(
        required=False, choices=[("", "all"), *((str(s), str(s)) for s in OPEN)], error_messages=_LIST
    )
    age = forms.ChoiceField(
        required=False, choices=[("", "any"), *((name, name) for name in open_rows.AGES)], error_messages=_LIST
    )
    model = forms.ChoiceField(required=False, error_messages=_LIST)
    overdue = forms.ChoiceField(
        required=False,
        choices=[("", "no matter"), ("yes", "past its deadline")],
        label="Deadline",
        error_messages=_LIST,
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.fields["provider"].choices = _providers()  # type: ignore[attr-defined]
        self.fields["model"].choices = [("", "all"), *((slug, slug) for slug in catalog.ENTRIES)]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> open_rows.OpenFilter:
        found = self.cleaned_data
        return open_rows.OpenFilter(
            provider=found["provider"],
            status=found["status"],
            age=found["age"],
            model=found["model"],
            overdue=bool(found["overdue"]),
        )


class CallbacksForm(Asked):
    verdict = forms.ChoiceField(
        required=False, choices=[("", "all"), *((v, v) for v in callback_log.VERDICTS)], error_messages=_LIST
    )
    provider = forms.ChoiceField(required=False, error_messages=_LIST)
    generation = forms.CharField(required=False, max_length=60, widget=forms.TextInput(attrs={"spellcheck": "false"}))

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.fields["provider"].choices = _providers()  # type: ignore[attr-defined]

    def clean_generation(self) -> str:
        text: str = self.cleaned_data["generation"].strip()
        if text and ids.parse("gen", text) is None:
            raise forms.ValidationError("This is no id of a generation (gen_…).")
        return text

    @property
    def wanted(self) -> callback_log.CallbackFilter:
        found = self.cleaned_data
        return callback_log.CallbackFilter(
            verdict=found["verdict"], provider=found["provider"], generation=found["generation"]
        )


class HealthForm(Asked):
    window = forms.ChoiceField(
        required=False, choices=[(name, words) for name, (words, _) in WINDOWS.items()], error_messages=_LIST
    )

    @property
    def chosen(self) -> str:
        return str(self.cleaned_data.get("window") or "day")


def _reason(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Reason", max_length=200, help_text=help_text, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class AttachForm(forms.Form):
    task_id = forms.CharField(
        label="Task id at the provider",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = _reason("The team reads it in its audit log.")


class ReleaseForm(forms.Form):
    reason = _reason("The team reads it in its audit log.")


class PauseForm(forms.Form):
    target = forms.ChoiceField(label="What", error_messages=_LIST)
    note = forms.CharField(
        label="What users read",
        max_length=200,
        help_text="It stands after “Paused for the moment:”, on pages and in the API.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = _reason("For staff alone.")

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["target"].choices = [("", "Choose…"), *pauses.targets().items()]  # type: ignore[attr-defined]


class ClearForm(forms.Form):
    reason = _reason("It stands in the audit log.")
    even_if_broken = forms.BooleanField(
        required=False,
        label="Even though the checks have not been seen to hold since. The next run raises the alarm again.",
    )
