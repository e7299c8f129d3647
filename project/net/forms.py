"""A form with one file as bytes (RFC 7578), for `fetch(content=...)`. Names and values are our own, never a user's."""

from __future__ import annotations

import secrets
from collections.abc import Mapping


def multipart(
    fields: Mapping[str, str], *, name: str, filename: str, content_type: str, data: bytes
) -> tuple[str, bytes]:
    """(Content-Type, body) of a form with these fields and the file in field `name`."""
    assert not any(mark in text for text in (*fields, *fields.values(), filename) for mark in '"\r\n'), "not our own"
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    parts += [f"{head}Content-Type: {content_type}\r\n\r\n".encode(), data, f"\r\n--{boundary}--\r\n".encode()]
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
