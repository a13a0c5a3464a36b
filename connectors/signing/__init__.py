"""Proof of who sent a message: one file per kind of `connectors.spec_auth`, each both ways."""

from typing import assert_never

from connectors.secrets_dir import Secrets
from connectors.signing.base import Incoming, Opened, Signed, Signer
from connectors.signing.hmac_headers import HmacSigner
from connectors.signing.md5_sorted import Md5Signer
from connectors.signing.plain import NoSigner, StaticTokenSigner
from connectors.signing.sm2_body import Sm2BodySigner
from connectors.signing.tif_envelope import TifSigner
from connectors.spec_auth import (
    Auth,
    HmacSha256,
    Md5Sorted,
    NoAuth,
    OAuth2ClientCredentials,
    Sm2Body,
    StaticToken,
    TifEnvelope,
)

__all__ = ["Incoming", "Opened", "Signed", "Signer", "signer_for"]


def signer_for(auth: Auth, secrets: Secrets) -> Signer:
    """Return the signer of `auth`; an OAuth token is put on by the transport, which fetches it."""
    match auth:
        case NoAuth() | OAuth2ClientCredentials():
            return NoSigner()
        case StaticToken():
            return StaticTokenSigner(auth, secrets)
        case HmacSha256():
            return HmacSigner(auth, secrets)
        case Sm2Body():
            return Sm2BodySigner(auth, secrets)
        case TifEnvelope():
            return TifSigner(auth, secrets)
        case Md5Sorted():
            return Md5Signer(auth, secrets)
        case _:
            assert_never(auth)
