"""What the desk of reconciliation is asked and told. The verbs judge it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.forms_audit import Day
from accounts.models import User
from generations import providers
from generations.models import CaseKind
from generations.oversight import cases
from generations.oversight.scopes import Scope
from generations.staff.periods import Days
from project import money

LIST = "Choose one of the list."
PROVIDERS = [(name, name) for name in providers.PROVIDERS]


class PeriodForm(Days):
    """`from`, `to` and `provider`."""

    MOST_DAYS = 366

    provider = forms.ChoiceField(
        required=False, choices=[("", "all"), *PROVIDERS], error_messages={"invalid_choice": LIST}
    )

    @property
    def scope(self) -> Scope:
        """What is asked for; after `is_valid`."""
        found = self.cleaned_data
        return Scope(found["from"], found["to"], found["provider"])

    @property
    def query(self) -> str:
        """The question as the end of an address."""
        return urlencode(self.scope.kept)


class TopUpForm(forms.Form):
    provider = forms.ChoiceField(choices=PROVIDERS, error_messages={"invalid_choice": LIST})
    amount = forms.CharField(
        label="Amount in USD",
        max_length=20,
        help_text="What was added to the balance, bonus included. With a minus it takes back a wrong one.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    paid_at = forms.DateTimeField(
        label="When, in UTC",
        input_formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"],
        error_messages={"invalid": "Write it as 2026-11-21 13:05."},
        widget=forms.TextInput(attrs={"placeholder": "2026-11-21 13:05", "autocomplete": "off"}),
    )
    note = forms.CharField(label="What it was", max_length=200, help_text="An invoice's number, the card, who paid.")

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="top_up_%s")  # the filter of the page has a provider too

    def clean_amount(self) -> int:
        text: str = self.cleaned_data["amount"].strip().replace("\N{MINUS SIGN}", "-").removeprefix("$")
        try:
            micro = money.from_usd(text.removeprefix("-"))
        except ValueError:
            raise forms.ValidationError("Write dollars such as 50 or 50.25.") from None
        return -micro if text.startswith("-") else micro


class ImportForm(forms.Form):
    """A file and the days that it covers, both included, in UTC."""

    provider = forms.ChoiceField(choices=PROVIDERS, error_messages={"invalid_choice": LIST})
    since = Day(label="First day that it covers", input_formats=["%Y-%m-%d"])
    until = Day(label="Last day that it covers", input_formats=["%Y-%m-%d"])
    file = forms.FileField(label="CSV file", widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}))

    @property
    def covered(self) -> tuple[datetime, datetime]:
        found = self.cleaned_data
        return (
            datetime.combine(found["since"], time(), UTC),
            datetime.combine(found["until"], time(), UTC) + timedelta(days=1),
        )


class SureForm(forms.Form):
    """Asked for where a bill lacks more than half of ours."""

    sure = forms.BooleanField(
        required=False, label="The bill is whole", help_text="It has all that the provider billed in these days."
    )


class CasesForm(forms.Form):
    """Which cases: `state`, `kind`, `provider`, `owner`."""

    state = forms.ChoiceField(required=False, choices=[("", "all"), ("open", "open"), ("closed", "closed")])
    kind = forms.ChoiceField(required=False, choices=[("", "all"), *CaseKind.choices])
    provider = forms.ChoiceField(required=False, choices=[("", "all"), *PROVIDERS])
    owner = forms.ChoiceField(required=False)

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ChoiceField)
        owner.choices = [("", "all"), ("me", "me"), ("nobody", "nobody")]
        self.user = user

    @property
    def filters(self) -> cases.Filters:
        """What is asked for; after `is_valid`."""
        found = self.cleaned_data
        owner = {"me": self.user.pk, "nobody": 0}.get(found["owner"])
        return cases.Filters(found["state"], found["kind"], found["provider"], owner)

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})


class AssignForm(forms.Form):
    owner = forms.ChoiceField(required=False, label="Owner", error_messages={"invalid_choice": LIST})

    def __init__(self, data: QueryDict | None = None, *, people: list[User], owner: User | None) -> None:
        super().__init__(data, initial={"owner": str(owner.pk) if owner else ""})
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "nobody"), *((str(person.pk), person.email) for person in people)]
        self._people = {str(person.pk): person for person in people}

    def clean_owner(self) -> User | None:
        return self._people.get(self.cleaned_data["owner"])


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note",
        max_length=cases.MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stays as it is.",
    )


class CloseForm(forms.Form):
    resolution = forms.CharField(label="What came of it", max_length=cases.MOST_RESOLUTION)


class ReopenForm(forms.Form):
    why = forms.CharField(
        label="Why it must be looked into again", max_length=cases.MOST_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )
