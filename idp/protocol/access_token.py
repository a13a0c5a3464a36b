"""Access tokens as signed JWTs (RFC 9068)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from idp.protocol.account import Account
from idp.protocol.client import Client
from idp.protocol.scope import API_SCOPES, audience
from idp.protocol.signing import KeyRing, SignatureRefused

LIFETIME: Final = timedelta(minutes=10)
TYP: Final = "at+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A verified access token. `gid` names the grant it came from; revoking goes by it.

    `sid` is empty for tokens that outlive the session (offline_access) and for a client's own.
    """

    sub: str
    client_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    gid: str
    sid: str
    issued_at: datetime
    expires_at: datetime
    claims: Mapping[str, object]

    @property
    def is_clients_own(self) -> bool:
        """A client_credentials token has no person behind it (RFC 9068 §2.2)."""
        return self.sub == self.client_id

    @property
    def jkt(self) -> str:
        """The thumbprint of the DPoP key it is bound to; empty for a bearer token (RFC 9449 §6)."""
        cnf = self.claims.get("cnf")
        return str(cnf.get("jkt", "")) if isinstance(cnf, Mapping) else ""


def build(
    *,
    issuer: str,
    api: str,
    client: Client,
    account: Account | None,
    subject: str,
    scope: tuple[str, ...],
    gid: str,
    jti: str,
    sid: str,
    auth_time: datetime | None,
    acr: str,
    userinfo_claims: tuple[str, ...],
    at: datetime,
    resource: str = "",
    jkt: str = "",
) -> dict[str, object]:
    """Return the claims of an access token (RFC 9068 §2.2); roles and unit only where the scope opens them.

    `jkt` binds it to a DPoP key (RFC 9449 §6.1); empty: a bearer token.
    """
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": subject if account else client.client_id,
        "aud": resource or audience(scope, issuer=issuer, api=api),  # RFC 8707 §3: the one resource asked for
        "client_id": client.client_id,
        "iat": int(at.timestamp()),
        "exp": int((at + LIFETIME).timestamp()),
        "jti": jti,
        "gid": gid,
        "scope": " ".join(scope),
    }
    if sid:
        claims["sid"] = sid
    if auth_time is not None:
        claims |= {"auth_time": int(auth_time.timestamp()), "acr": acr}
    if jkt:
        claims["cnf"] = {"jkt": jkt}
    if userinfo_claims:
        claims["userinfo_claims"] = list(userinfo_claims)
    if "unit" in scope or set(scope) & set(API_SCOPES):
        owner = account or client
        claims |= {
            n: v for n, v in (("unit", owner.unit), ("region", owner.region), ("roles", sorted(owner.roles))) if v
        }
    return claims


def verify(token: str, keys: KeyRing, *, issuer: str, at: datetime) -> AccessToken:
    """Return the access token if we signed it as one and it has not expired (RFC 9068 §4).

    Raises:
        SignatureRefused: it is not; an id_token or logout token is refused by its `typ` (RFC 8725 §3.11).
    """
    claims = keys.verify(token, typ=TYP)
    token_read = from_claims(claims)
    if claims.get("iss") != issuer or at >= token_read.expires_at:
        raise SignatureRefused("iss or exp")
    return token_read


def from_claims(claims: Mapping[str, object]) -> AccessToken:
    """Return the token of claims that `build` made and a signature vouches for."""
    aud, iat, exp = claims["aud"], claims["iat"], claims["exp"]
    if not isinstance(iat, int) or not isinstance(exp, int):
        raise SignatureRefused("iat or exp")
    return AccessToken(
        sub=str(claims["sub"]),
        client_id=str(claims["client_id"]),
        scope=tuple(str(claims["scope"]).split()),
        audience=tuple(map(str, aud)) if isinstance(aud, list) else (str(aud),),
        gid=str(claims["gid"]),
        sid=str(claims.get("sid", "")),
        issued_at=datetime.fromtimestamp(iat, UTC),
        expires_at=datetime.fromtimestamp(exp, UTC),
        claims=claims,
    )
