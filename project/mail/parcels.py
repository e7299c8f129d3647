"""A message as bytes and back, so that any of Django's mail backends can send it later."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from email.utils import format_datetime, make_msgid, parseaddr

from django.core.mail import EmailMessage, EmailMultiAlternatives

FIELDS = ("subject", "body", "from_email", "to", "cc", "bcc", "reply_to")
PURPOSE = "mail"  # of what is sealed here
OUR_DOMAIN = "framehouse.invalid"  # of a Message-ID when the sender has no domain


def pack(message: EmailMessage, *, at: datetime) -> bytes:
    """The whole message. Message-ID and Date are fixed here, so that a mail that went out twice is the same mail to
    those who fold duplicates. Raises what Django raises for a header with a line break."""
    domain = parseaddr(message.from_email)[1].rpartition("@")[2] or OUR_DOMAIN
    given = {name.lower() for name in message.extra_headers}
    fixed = {"Message-ID": make_msgid(domain=domain), "Date": format_datetime(at)}
    headers = {**message.extra_headers, **{name: value for name, value in fixed.items() if name.lower() not in given}}
    fields = {name: getattr(message, name) for name in FIELDS}
    alternatives = [list(part) for part in getattr(message, "alternatives", [])]
    content = {**fields, "headers": headers, "alternatives": alternatives, "attachments": _attachments(message)}
    packed = json.dumps({**content, "subtype": message.content_subtype}).encode()
    unpack(packed).message()  # what cannot be put on a wire is the caller's fault, now and not at night
    return packed


def unpack(packed: bytes) -> EmailMultiAlternatives:
    """The message again."""
    content = json.loads(packed)
    message = EmailMultiAlternatives(**{name: content[name] for name in FIELDS}, headers=content["headers"])
    message.content_subtype = content["subtype"]
    for body, kind in content["alternatives"]:
        message.attach_alternative(body, kind)
    for name, data, kind in content["attachments"]:
        message.attach(name, base64.b64decode(data), kind)
    return message


def _attachments(message: EmailMessage) -> list[tuple[str, str, str]]:
    packed = []
    for part in message.attachments:
        if not isinstance(part, tuple):
            raise TypeError("attach a name, a content and a type: a MIME object cannot be kept")
        name, content, kind = part
        data = content if isinstance(content, bytes) else str(content).encode()
        packed.append((str(name), base64.b64encode(data).decode(), str(kind)))
    return packed
