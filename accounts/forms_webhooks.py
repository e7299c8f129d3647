"""Forms of the pages about webhooks. They read what was typed; accounts.webhooks judges it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.models import DeliveryStatus, EventType, WebhookEndpoint
from accounts.webhooks.endpoints import LISTENABLE, LONGEST_DESCRIPTION, LONGEST_URL
from project.errors import Problem
from project.text import clean_name

STATUSES = {
    DeliveryStatus.PENDING: "pending: tried again until it is heard or too late",
    DeliveryStatus.DELIVERED: "delivered",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.CANCELED: "canceled: the endpoint was turned off meanwhile",
}


class EndpointForm(forms.Form):
    """An endpoint: where, what of, and what it is for."""

    url = forms.CharField(
        label="Address",
        max_length=LONGEST_URL,
        help_text="A public https address of yours, such as https://example.com/hooks/framehouse.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=LONGEST_DESCRIPTION,
        help_text="What receives it, such as “render farm, production”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=[(str(kind), f"{kind.label} ({kind})") for kind in LISTENABLE],
        help_text="None chosen: all of them, new ones too.",
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_description(self) -> str:
        """As it is kept: what is wrong with it is told with the other faults of the page."""
        try:
            return (
                clean_name(self.cleaned_data["description"], longest=LONGEST_DESCRIPTION)
                if self.cleaned_data["description"]
                else ""
            )
        except ValueError as error:
            raise forms.ValidationError(f"The description {error}.") from None


class RotateForm(forms.Form):
    """What becomes of the present secret."""

    overlap_hours = forms.TypedChoiceField(
        label="The present secret",
        coerce=int,
        choices=[
            ("24", "signs beside the new one for another 24 hours"),
            ("1", "signs for another hour"),
            ("168", "signs for another 7 days"),
            ("0", "ends at once, and so does every earlier one: it has leaked, or may have"),
        ],
        initial="24",
        widget=forms.RadioSelect,
    )
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, first: bool, **rest: Any) -> None:
        super().__init__(data, **rest)
        if first:  # there is no present one to ask about
            self.fields["overlap_hours"].widget = forms.HiddenInput()


class TestForm(forms.Form):
    """Which message to try an endpoint with."""

    type = forms.ChoiceField(
        label="Message",
        choices=[(str(kind), f"{kind.label} ({kind})") for kind in (EventType.TEST, *LISTENABLE)],
        initial=EventType.TEST,
    )


class FilterForm(forms.Form):
    """`status` and `type`, as they stand in the address."""

    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "all"), *((str(status), str(status)) for status in DeliveryStatus)],
        error_messages={"invalid_choice": "There is no such status. Choose one of the list."},
    )
    type = forms.ChoiceField(
        label="Event",
        required=False,
        choices=[("", "all"), *((str(kind), str(kind)) for kind in EventType)],
        error_messages={"invalid_choice": "There is no such event. Choose one of the list."},
    )

    @property
    def kept(self) -> dict[str, str]:
        """The filters in use, as they stand in the address."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}


def endpoint_form(endpoint: WebhookEndpoint, data: Mapping[str, Any] | None = None) -> EndpointForm:
    """The form with what the endpoint has now."""
    terms = {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}
    return EndpointForm(data, initial=terms)


def tell(form: forms.Form, problem: Problem) -> int:
    """Each refusal beside its field (`events.0` beside `events`), or above the form. Returns the status."""
    if not problem.errors:
        form.add_error(None, problem.detail)
    for error in problem.errors:
        name, message = error.path.partition(".")[0], error.message.removesuffix(".")
        form.add_error(name if name in form.fields else None, f"{message[:1].upper()}{message[1:]}.")
    return problem.status
