"""The forms of a person's own settings. What is allowed is the verb's to say; forms keep what was typed."""

from __future__ import annotations

from django import forms


class ProfileForm(forms.Form):
    """The name that others see."""

    name = forms.CharField(
        label="Your name",
        required=False,
        strip=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="Your teams see it beside your e-mail address.",
    )


class AddressForm(forms.Form):
    """The wish for another address."""

    email = forms.CharField(
        label="New e-mail address",
        max_length=500,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
