"""django-allauth's forms for second factors, where ours are stricter (settings.MFA_FORMS)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AuthenticateForm_
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateForm_
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm as ActivateTOTPForm_
from allauth.mfa.webauthn import forms as webauthn
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.db import transaction
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

from accounts import audit, factors
from accounts.models import Action, User
from project import strict_json
from project.text import clean_name, printable

LONGEST_NAME = 60
LONGEST_CODE = 40  # characters; people type blanks and dashes into codes
MOST_KEYS = 20  # passkeys of one person
MOST_BYTES = 65_536  # of a passkey's answer
MALFORMED = (ValueError, TypeError, KeyError, AttributeError, IndexError)  # what fido2 raises for JSON of another shape


@contextmanager
def _one_refusal() -> Iterator[None]:
    """Whatever is wrong with a passkey's answer, malformed or not proven, gets the same sentence."""
    try:
        yield
    except MALFORMED as error:
        raise get_adapter().validation_error("wrong_key") from error
    except forms.ValidationError as error:
        if getattr(error, "code", None) != "incorrect_code":
            raise
        raise get_adapter().validation_error("wrong_key") from error


def _code_field(field: forms.Field, label: str) -> None:
    field.label = label
    field.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": LONGEST_CODE}


class _Answer(forms.JSONField):
    """What a browser says for a passkey: strict JSON, so that no shape of it breaks the page."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return strict_json.loads_request(str(value).encode("utf-8", "surrogatepass"), max_bytes=MOST_BYTES)
        except strict_json.BadJson as error:
            raise get_adapter().validation_error("wrong_key") from error

    def bound_data(self, data: Any, initial: Any) -> None:
        """An answer that was refused does not stand on the page again: the next one answers a new challenge."""

    def prepare_value(self, value: Any) -> str:
        return ""


class _CodeForm(forms.Form):
    """A code of the authenticator app or a recovery code, which counts once."""

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code_field(self.fields["code"], "Code from your authenticator app, or a recovery code")

    def clean_code(self) -> str:
        clear_tries = check_rate_limit(self.user)
        code: str = self.cleaned_data["code"]
        factor = factors.accept_code(self.user, code) if len(code) <= LONGEST_CODE else None
        if factor is None:
            with transaction.atomic():
                by = self.user if context.request.user.is_authenticated else audit.NOBODY
                audit.record_for_person(Action.SIGN_IN_FAILED, user=self.user, by=by, data={"with": "code"})
            raise get_adapter().validation_error("incorrect_code")
        factor.user = self.user
        self.authenticator = factor
        clear_tries()
        return code


class AuthenticateForm(_CodeForm, AuthenticateForm_):  # type: ignore[misc]  # allauth ships no types
    """The second step of signing in."""


class ReauthenticateForm(_CodeForm, ReauthenticateForm_):  # type: ignore[misc]
    """The fresh proof before something dangerous."""


class ActivateTOTPForm(ActivateTOTPForm_):  # type: ignore[misc]
    """Adds an authenticator app; the code that proves it is not good for signing in any more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code_field(self.fields["code"], "The code that the app shows now")

    def clean_code(self) -> str:
        validate_can_add_authenticator(self.user)
        clear_tries = check_rate_limit(self.user, error_key="rate_limited")
        code: str = self.cleaned_data["code"]
        step = factors.step_of(self.secret, code)
        if step is None or not factors.spend_first_code(self.user, self.secret, step):
            raise get_adapter().validation_error("incorrect_code")
        clear_tries()
        return code


class AddWebAuthnForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """Adds a passkey. Only what is known of the browser's answer is kept."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {})["passwordless"] = True
        super().__init__(*args, **kwargs)
        self.fields["credential"] = _Answer()
        self.fields["name"].widget.attrs["maxlength"] = LONGEST_NAME
        self.fields["name"].help_text = "To tell your passkeys apart, for example by the device."
        self.fields["passwordless"].label = "Sign in with it alone, without the password"
        self.fields["passwordless"].help_text = (
            "The device asks for your finger, face or PIN then. Leave it out for a key that only knows a touch: it "
            "stays a second step after your password."
        )

    def clean_name(self) -> str:
        """A bad name refuses no key: the device has made it already."""
        proposed = get_adapter().generate_authenticator_name(self.user, "webauthn")
        return " ".join(printable(self.cleaned_data["name"]).split())[:LONGEST_NAME] or str(proposed)

    def clean_credential(self) -> dict[str, Any]:
        given = self.cleaned_data["credential"]
        with _one_refusal():
            answer = RegistrationResponse.from_dict(given)
            data = answer.response.attestation_object.auth_data.credential_data
            if data.public_key.ALGORITHM not in CoseKey.supported_algorithms():
                raise ValueError
            kept = {
                "id": given["id"],
                "rawId": given["rawId"],
                "type": "public-key",
                "response": {name: given["response"][name] for name in ("clientDataJSON", "attestationObject")},
                "clientExtensionResults": _extensions(given),
            }
        mine = auth.get_credentials(self.user)
        if data.credential_id in [known.credential_id for known in mine] or len(mine) >= MOST_KEYS:
            raise get_adapter().validation_error("known_key")
        return kept

    def clean(self) -> dict[str, Any]:
        with _one_refusal():
            return dict(super().clean())


def _extensions(given: dict[str, Any]) -> dict[str, Any]:
    """Whether the device keeps the key itself (a passkey), when it says so."""
    resident = given.get("clientExtensionResults", {}).get("credProps", {}).get("rk")
    return {"credProps": {"rk": resident}} if isinstance(resident, bool) else {}


class EditWebAuthnForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    """Renames a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["maxlength"] = LONGEST_NAME

    def clean_name(self) -> str:
        try:
            return clean_name(self.cleaned_data["name"], longest=LONGEST_NAME)
        except ValueError as error:
            raise forms.ValidationError(f"The name {error}.") from error


class _SignatureForm(forms.Form):
    """A passkey's answer to a challenge. Its count must grow, and whoever signs in with it alone must have shown a
    finger, face or PIN to it: the challenge in the session may be one that did not ask for that."""

    alone = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = _Answer()

    def clean_credential(self) -> Any:
        given = self.cleaned_data["credential"]
        with _one_refusal():
            answer = AuthenticationResponse.from_dict(given)
            if self.alone and not answer.response.authenticator_data.is_user_verified():
                raise ValueError
            passkey = super().clean_credential()  # type: ignore[misc]
        if not factors.accept_count(passkey, answer.response.authenticator_data):
            raise get_adapter().validation_error("wrong_key")
        return passkey


class AuthenticateWebAuthnForm(_SignatureForm, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """The second step of signing in, with a passkey or security key."""


class LoginWebAuthnForm(_SignatureForm, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    """Signing in with a passkey alone."""

    alone = True


class ReauthenticateWebAuthnForm(_SignatureForm, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """The fresh proof before something dangerous, with a passkey."""
