"""The signatures of callbacks: KIE's HMAC over `taskId.timestamp`, fal's ED25519 over the raw body's hash."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FAL_USER = "sandbox|1234567"  # fal's user ids can hold a pipe (fal.md 4.4)


def kie_signature(*, key: str, task_id: str, timestamp: int) -> str:
    """base64(HMAC-SHA256(key, taskId + "." + Unix seconds)); the body is not covered (kie.md 4.2)."""
    mac = hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def fal_signature(*, key: Ed25519PrivateKey, request_id: str, user_id: str, timestamp: int, raw: bytes) -> str:
    """128 hex characters over request id, user id, Unix seconds and the body's SHA-256, a line each (fal.md 4.4)."""
    message = "\n".join((request_id, user_id, str(timestamp), hashlib.sha256(raw).hexdigest()))
    return key.sign(message.encode()).hex()


def jwk(key: Ed25519PublicKey, kid: str) -> dict[str, str]:
    """The public key as the key set shows it; `x` without padding."""
    x = base64.urlsafe_b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}
