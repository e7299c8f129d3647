"""A security key made of software: it signs with ES256 as a real one does, and lies when told to."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG


@dataclass
class SecurityKey:
    """One credential. `counter` grows with each signature; a synchronized passkey has `counts=False`.
    `verifies`: whether it asks for a finger, face or PIN."""

    origin: str = "http://testserver"
    rp_id: str = "testserver"
    counts: bool = True
    verifies: bool = True
    counter: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any], *, resident: bool = True) -> dict[str, Any]:
        """What a browser posts after `navigator.credentials.create` with these options."""
        wanted = options["publicKey"]
        self.user_handle = websafe_decode(wanted["user"]["id"])
        public = ES256.from_cryptography_key(self.private.public_key())
        credential = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        data = AuthenticatorData.create(sha256(self.rp_id.encode()), self._flags | FLAG.AT, self.counter, credential)
        said = CollectedClientData.create(CollectedClientData.TYPE.CREATE, wanted["challenge"], self.origin)
        response = {
            "clientDataJSON": websafe_encode(said),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        return {**self._named(response), "clientExtensionResults": {"credProps": {"rk": resident}}}

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """What a browser posts after `navigator.credentials.get` with these options."""
        if self.counts:
            self.counter += 1
        data = AuthenticatorData.create(sha256(self.rp_id.encode()), self._flags, self.counter)
        said = CollectedClientData.create(CollectedClientData.TYPE.GET, options["publicKey"]["challenge"], self.origin)
        signature = self.private.sign(data + said.hash, ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": websafe_encode(said),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(self.user_handle),
        }
        return self._named(response)

    @property
    def _flags(self) -> FLAG:
        return FLAG.UP | FLAG.UV if self.verifies else FLAG.UP

    def _named(self, response: dict[str, Any]) -> dict[str, Any]:
        name = websafe_encode(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}


def posted(credential: dict[str, Any]) -> dict[str, str]:
    """The form field of a page."""
    return {"credential": json.dumps(credential)}
