"""Access tokens: proves a JWT of the provider and makes the actor it stands for.

Sources: RFC 9068 §4 (validation), RFC 6750 §2.1, §3 (how it is sent and refused), RFC 9449 §7 (bound to a key), RFC 8725 §3.1, §3.11, §3.12 (algorithm
and type are fixed by us, never by the token).
"""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NewType

from joserfc import jwt
from joserfc.errors import JoseError
from starlette.requests import Request

from config.clock import Clock
from config.dpop import ALGS as DPOP_ALGS
from config.dpop import ProofRefused
from matters.policy import Actor, roles_from_claim
from portal.api.problem_types import INSUFFICIENT_SCOPE, INVALID_REQUEST, INVALID_TOKEN, UNAVAILABLE
from portal.api.refusals import Refused
from portal.api.senders import Senders
from portal.api.signing_keys import KeysUnavailable, SigningKeys
from portal.words import marked as _

VerifiedClaims = NewType("VerifiedClaims", Mapping[str, Any])

ALGORITHMS = ("ES256", "RS256")
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_HEADER_NAMES = frozenset({"alg", "typ", "kid"})
_TOKEN_CHARACTERS_AT_MOST = 8 * 1024
_LEEWAY = timedelta(seconds=30)
_REALM = 'Bearer realm="onewindow"'
_DPOP_REALM = f'DPoP realm="onewindow", algs="{" ".join(DPOP_ALGS)}"'


class _TokenRefused(Exception):
    """Why goes to nobody: the caller is told that the token does not hold."""


class BearerTokens:
    """Checks tokens for one audience."""

    def __init__(self, *, issuer: str, audience: str, keys: SigningKeys, senders: Senders, clock: Clock) -> None:
        self._issuer = issuer
        self._senders = senders
        self._audience = audience
        self._keys = keys
        self._clock = clock

    async def actor(self, request: Request, scope: str) -> Actor:
        """Return who calls, once the token holds for `scope`.

        Raises:
            Refused: INVALID_TOKEN (401), INSUFFICIENT_SCOPE (403), UNAVAILABLE (503, the provider's keys can't be had).
        """
        kind, token = _token_of(request, scope)
        try:
            claims = await self.verify(token)
            await self._check_sender(request, kind, token, claims)
        except _TokenRefused:
            raise _challenge(scope, kind=kind, error="invalid_token") from None
        except ProofRefused:
            raise _challenge(scope, kind=kind, error="invalid_dpop_proof") from None
        except KeysUnavailable:
            raise Refused(UNAVAILABLE, headers={"retry-after": "5"}) from None
        if scope not in str(claims.get("scope", "")).split():
            raise Refused(
                INSUFFICIENT_SCOPE,
                _("此操作需要范围 {scope}，当前令牌没有。请重新取得含此范围的令牌。"),
                params={"scope": scope},
                headers={"www-authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope}"'},
            )
        return _actor(claims)

    async def verify(self, token: str) -> VerifiedClaims:
        """Return the claims of a token that is ours to accept.

        Raises:
            _TokenRefused: whatever does not hold.
            KeysUnavailable: the provider's keys can't be had.
        """
        header = _header_of(token)
        key = await self._keys.find(header["kid"])
        if key is None:
            raise _TokenRefused
        try:
            claims = jwt.decode(token, key, algorithms=[header["alg"]]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise _TokenRefused from error
        self._check(claims)
        return VerifiedClaims(claims)

    async def _check_sender(self, request: Request, kind: str, token: str, claims: VerifiedClaims) -> None:
        """A bound token comes with a proof of its key, an unbound one without (RFC 9449 §7.1, §7.2)."""
        if kind == "bearer":
            if "cnf" in claims:
                raise _TokenRefused
            return
        bound = claims.get("cnf")
        jkt = bound.get("jkt") if isinstance(bound, Mapping) else None
        if not isinstance(jkt, str) or not jkt:
            raise _TokenRefused
        await self._senders.check(request, token, jkt)

    def _check(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        audience = claims.get("aud")
        accepted = [audience] if isinstance(audience, str) else audience
        holds = (
            claims.get("iss") == self._issuer
            and isinstance(accepted, list)
            and self._audience in accepted
            and _is_number(claims.get("exp"))
            and now.timestamp() < claims["exp"] + _LEEWAY.total_seconds()
            and _is_number(claims.get("nbf", 0))
            and claims.get("nbf", 0) <= now.timestamp() + _LEEWAY.total_seconds()
            and all(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "client_id"))
            and isinstance(claims.get("scope", ""), str)
        )
        if not holds:
            raise _TokenRefused


def _token_of(request: Request, scope: str) -> tuple[str, str]:
    """Return the scheme in lower case, and the token."""
    if "access_token" in request.query_params:
        raise Refused(INVALID_REQUEST, _("访问令牌不能放在地址里，请改用请求头 Authorization: Bearer。"))
    given = request.headers.getlist("authorization")
    if not given:
        raise _challenge(scope)
    kind, _space, token = given[0].partition(" ")
    kind, token = kind.lower(), token.strip()
    if len(given) > 1 or kind not in ("bearer", "dpop") or not token or len(token) > _TOKEN_CHARACTERS_AT_MOST:
        raise _challenge(scope, error="invalid_token")
    return kind, token


def _header_of(token: str) -> dict[str, str]:
    """Return alg, typ and kid once they are of the kinds we accept; nothing of it is trusted yet."""
    try:
        encoded = token.split(".", 1)[0].encode("ascii")
        header = json.loads(urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except (UnicodeEncodeError, binascii.Error, ValueError, RecursionError) as error:
        raise _TokenRefused from error
    if not isinstance(header, dict) or not header.keys() <= _HEADER_NAMES:
        raise _TokenRefused  # jwk, jku, x5u, crit: nothing in a token may say how it is to be checked
    if (
        header.get("alg") not in ALGORITHMS
        or str(header.get("typ", "")).lower() not in _TYPES
        or not isinstance(header.get("kid"), str)
    ):
        raise _TokenRefused
    return header


def _challenge(scope: str, *, kind: str = "bearer", error: str = "") -> Refused:
    # Without any credentials no error code is given (RFC 6750 §3.1).
    realm = _DPOP_REALM if kind == "dpop" else _REALM
    told = f'{realm}, error="{error}", scope="{scope}"' if error else f'{realm}, scope="{scope}"'
    return Refused(INVALID_TOKEN, headers={"www-authenticate": told})


def _actor(claims: VerifiedClaims) -> Actor:
    return Actor(
        sub=claims["sub"],
        name=_word(claims, "name") or claims["client_id"],
        roles=roles_from_claim(claims.get("roles")),
        unit=_word(claims, "unit"),
        region=_word(claims, "region"),
    )


def _word(claims: VerifiedClaims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
