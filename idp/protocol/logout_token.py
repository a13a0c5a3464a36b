"""The logout token (OpenID Connect Back-Channel Logout 1.0 §2.4)."""

from datetime import datetime, timedelta
from typing import Final

from idp.protocol.client import Client

LIFETIME: Final = timedelta(minutes=2)  # §4: preferably at most two minutes
TYP: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def build(*, issuer: str, client: Client, sub: str, sid: str, jti: str, at: datetime) -> dict[str, object]:
    """Return the claims: `sub` and `sid` both, and never a nonce, so that it can't pass for an id_token."""
    return {
        "iss": issuer,
        "sub": sub,
        "aud": client.client_id,
        "iat": int(at.timestamp()),
        "exp": int((at + LIFETIME).timestamp()),
        "jti": jti,
        "events": {EVENT: {}},
        "sid": sid,
    }
