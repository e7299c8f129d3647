"""Addresses as they are kept, and whose they are."""

from __future__ import annotations

import unicodedata

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode

from accounts.models import User

LONGEST = 254  # RFC 5321


def normal(text: str) -> str:
    """Lower case, and the host as mail is sent to it: `ann@ＥXAMPLE.com` and `ann@example.com` are one mailbox and
    must be one account. Raises ValidationError for what is no address, or too long."""
    name, at, host = unicodedata.normalize("NFC", text.strip()).lower().rpartition("@")
    try:
        address = f"{name}{at}{punycode(host)}"
    except UnicodeError:
        address = ""
    if not address.isascii():  # Django's own check ignores case, and so lets `ı` and `ſ` pass for `i` and `s`
        address = ""
    validate_email(address)
    if len(address) > LONGEST:
        raise ValidationError(f"An e-mail address has at most {LONGEST} characters.", code="max_length")
    return address


def owner(address: str) -> User | None:
    """Whose account signs in with this address, confirmed or not; None when it is free."""
    user = User.objects.filter(email__iexact=address).first()
    if user is None:
        row = EmailAddress.objects.filter(email__iexact=address).select_related("user").first()
        return row.user if row else None
    return user
