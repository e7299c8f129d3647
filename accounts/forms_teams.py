"""Forms of the pages about teams, members and invitations. They read what was typed; the services judge it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django import forms
from django.http import HttpRequest, QueryDict

from accounts.models import Membership, Role
from project.errors import Problem

LABELS = {
    Role.OWNER: "Owner: everything",
    Role.ADMIN: "Admin: make, and manage members, keys, budgets and webhooks",
    Role.BILLING: "Billing: wallet, payments and statements",
    Role.MEMBER: "Member: make, and see the team's history",
    Role.VIEWER: "Viewer: see",
}


def role_choices(roles: Iterable[str]) -> list[tuple[str, str]]:
    """The roles with what they may, as a select shows them."""
    return [(role, LABELS[Role(role)]) for role in roles]


class NameForm(forms.Form):
    name = forms.CharField(
        label="Name of the team", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class CloseForm(forms.Form):
    name = forms.CharField(
        label="Name of the team, to be sure",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": "Enter a valid e-mail address."},
    )
    role = forms.ChoiceField(label="Role", initial=Role.MEMBER)

    def __init__(self, data: object = None, *, roles: Sequence[str]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["role"].choices = role_choices(roles)  # type: ignore[attr-defined]


class HandOverForm(forms.Form):
    to = forms.ChoiceField(label="New owner")

    def __init__(self, data: object = None, *, people: Sequence[Membership]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        choices = [(row.public_id, f"{row.user.name} · {row.user.email}".strip(" ·")) for row in people]
        self.fields["to"].choices = [("", "Choose…"), *choices]  # type: ignore[attr-defined]


def sent(request: HttpRequest) -> QueryDict | None:
    """What was sent by POST, even when that is nothing at all; None for a page that was only opened."""
    return request.POST if request.method == "POST" else None


def tell(form: forms.Form, problem: Problem) -> int:
    """Puts what a service refused beside the fields that it names, or above the form. Returns the status."""
    form.is_valid()
    for error in problem.errors:
        if error.path not in form.errors:  # the form's own words say it already
            form.add_error(error.path if error.path in form.fields else None, error.message)
    if not problem.errors:
        form.add_error(None, problem.detail)
    return problem.status
