"""A passkey authenticator in software: what a browser answers, bytes built by hand from WebAuthn Level 2 §6 and §5.8.1."""

import hashlib
import json
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from idp.protocol.passkey import decoded, encoded

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def _cbor(value: object) -> bytes:
    """Just enough of CBOR (RFC 8949 §3) for an attestation and a COSE key."""
    if isinstance(value, int):
        major, number = (0, value) if value >= 0 else (1, -1 - value)
        return _head(major, number)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    assert isinstance(value, dict)
    return _head(5, len(value)) + b"".join(_cbor(key) + _cbor(each) for key, each in value.items())


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    return bytes([major << 5 | 24, number]) if number < 256 else bytes([major << 5 | 25]) + number.to_bytes(2, "big")


@dataclass
class Authenticator:
    """Holds one key pair. `counts` False is a synchronised passkey, whose count stays 0."""

    origin: str
    counts: bool = True
    flags: int = USER_PRESENT | USER_VERIFIED
    credential_id: bytes = field(default_factory=lambda: token_bytes(32))
    user_handle: str = ""
    sign_count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any], **client_data: str) -> str:
        """Answer `navigator.credentials.create` with attestation none."""
        self.user_handle = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + _cbor(cose)
        data = self._data(options["rp"]["id"], ATTESTED) + attested
        attestation = _cbor({"fmt": "none", "attStmt": {}, "authData": data})
        made = self._client_data("webauthn.create", options["challenge"], client_data)
        return self._answer({"clientDataJSON": encoded(made), "attestationObject": encoded(attestation)})

    def get(self, options: dict[str, Any], **client_data: str) -> str:
        """Answer `navigator.credentials.get`."""
        self.sign_count += self.counts
        data = self._data(options["rpId"], 0)
        made = self._client_data("webauthn.get", options["challenge"], client_data)
        signature = self.key.sign(data + hashlib.sha256(made).digest(), ec.ECDSA(SHA256()))
        return self._answer({
            "clientDataJSON": encoded(made), "authenticatorData": encoded(data), "signature": encoded(signature),
            "userHandle": self.user_handle,
        })  # fmt: skip

    def _data(self, rp_id: str, further: int) -> bytes:
        rp_id_hash = hashlib.sha256(rp_id.encode()).digest()
        return rp_id_hash + bytes([self.flags | further]) + self.sign_count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, changed: dict[str, str]) -> bytes:
        assert decoded(challenge)
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin} | changed).encode()

    def _answer(self, response: dict[str, str]) -> str:
        own = encoded(self.credential_id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})
