"""A client's DPoP key and the proofs it makes (RFC 9449 §4.2), every part of which a test may change."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey


@dataclass
class DpopKey:
    """A key of a client."""

    key: ECKey | RSAKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    alg: str = "ES256"

    @property
    def jkt(self) -> str:
        return self.key.thumbprint()

    def proof(
        self,
        method: str,
        address: str,
        *,
        at: datetime,
        nonce: str | None = None,
        access_token: str = "",
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a proof; `header` and `claims` replace members, None leaves one out."""
        wanted = {
            "jti": token_urlsafe(12),
            "htm": method,
            "htu": address,
            "iat": int(at.timestamp()),
            "nonce": nonce,
            "ath": ath(access_token) if access_token else None,
        }
        head = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.key.as_dict(private=False)}
        return signed(_kept(head | (header or {})), _kept(wanted | claims), self.key, self.alg)


def signed(header: dict[str, Any], claims: dict[str, Any], key: ECKey | RSAKey, alg: str) -> str:
    """Return a compact JWS whose header may say anything, signed over exactly that."""
    text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    raw: bytes = jws.JWSRegistry.algorithms[alg].sign(text.encode(), key)
    return f"{text}.{encoded(raw)}"


def ath(access_token: str) -> str:
    return encoded(hashlib.sha256(access_token.encode()).digest())


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _kept(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
