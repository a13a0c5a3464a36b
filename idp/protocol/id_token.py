"""The id_token (OpenID Connect Core §2, §3.1.3.6)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from idp.protocol.account import Account
from idp.protocol.claims import SCOPE_CLAIMS, account_claims
from idp.protocol.client import Client
from idp.protocol.signing import KeyRing, SignatureRefused, VerifiedClaims, half_hash

LIFETIME: Final = timedelta(minutes=10)
TYP: Final = "JWT"


def build(
    *,
    issuer: str,
    client: Client,
    account: Account,
    subject: str,
    scope: tuple[str, ...],
    asked: Iterable[str],
    access_token: str,
    nonce: str | None,
    sid: str,
    auth_time: datetime,
    acr: str,
    amr: tuple[str, ...],
    at: datetime,
) -> dict[str, object]:
    """Return the claims; `subject` is what the client calls the account. What a scope opens is in it for trusted clients only (others ask userinfo, §5.4)."""
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": subject,
        "aud": client.client_id,
        "iat": int(at.timestamp()),
        "exp": int((at + LIFETIME).timestamp()),
        "auth_time": int(auth_time.timestamp()),
        "acr": acr,
        "amr": list(amr),
        "at_hash": half_hash(access_token),
    }
    if sid:
        claims["sid"] = sid
    if nonce is not None:
        claims["nonce"] = nonce
    return claims | account_claims(account, scope if client.trusted else (), permitted(asked, client))


def permitted(asked: Iterable[str], client: Client) -> frozenset[str]:
    """Return the singly asked claims that a scope of the client's registration opens."""
    open_to_client = {claim for word in client.scope for claim in SCOPE_CLAIMS.get(word, ())}
    return frozenset(asked) & open_to_client


def verify_hint(token: str, keys: KeyRing, *, issuer: str) -> VerifiedClaims:
    """Return the claims of an id_token_hint we issued; its expiry doesn't matter (RP-Initiated Logout §2).

    Raises:
        SignatureRefused: not ours, or not an id_token (an access token has another `typ`).
    """
    claims = keys.verify(token, typ=TYP)
    if claims.get("iss") != issuer or not isinstance(claims.get("aud"), str) or not isinstance(claims.get("sub"), str):
        raise SignatureRefused("not an id_token of ours")
    return claims
