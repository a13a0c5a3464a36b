"""Claims about an end-user, by scope (OpenID Connect Core §5.4) and by the claims parameter (§5.5)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from idp.protocol import acr as acr_rules
from idp.protocol.account import Account
from idp.protocol.errors import InvalidRequest

ACR_PASSWORD: Final = acr_rules.PASSWORD
ACR_VALUES_SUPPORTED: Final = acr_rules.SUPPORTED
SCOPE_CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": ("name", "preferred_username", "locale"),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
    "unit": ("unit", "unit_name", "region", "roles"),
}
CLAIMS_SUPPORTED: Final = (
    "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
    *(claim for claims in SCOPE_CLAIMS.values() for claim in claims),
)  # fmt: skip
_AT_MOST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """What the claims parameter asks for. `acr_required` is empty unless acr is essential with values.

    `acr_voluntary` are the values of an acr that is asked for without being essential, in order of preference.
    """

    id_token: frozenset[str] = field(default_factory=frozenset)
    userinfo: frozenset[str] = field(default_factory=frozenset)
    acr_required: frozenset[str] = field(default_factory=frozenset)
    acr_voluntary: tuple[str, ...] = ()
    sub_required: str = ""

    @classmethod
    def parse(cls, text: str | None) -> "ClaimsRequest":
        """Read the JSON text of the claims parameter; members not understood are ignored (§5.5).

        Raises:
            InvalidRequest: not a JSON object of objects.
        """
        if text is None:
            return cls()
        id_token, userinfo = _sections(text)
        acr, sub = id_token.get("acr"), id_token.get("sub") or userinfo.get("sub")
        acr_asked, essential = (_values(acr), acr.get("essential") is True) if isinstance(acr, dict) else ((), False)
        return cls(
            id_token=frozenset(id_token),
            userinfo=frozenset(userinfo),
            acr_required=frozenset(acr_asked) if essential else frozenset(),
            acr_voluntary=() if essential else acr_asked,
            sub_required=next(iter(_values(sub)), "") if isinstance(sub, dict) else "",
        )


def account_claims(account: Account, scope: Iterable[str], asked: Iterable[str] = ()) -> dict[str, object]:
    """Return the claims the scope and single requests open, without `sub`; empty values are left out."""
    every: dict[str, object] = {
        "name": account.name,
        "preferred_username": account.username,
        "locale": account.locale,
        "unit": account.unit,
        "unit_name": account.unit_name,
        "region": account.region,
        "roles": sorted(account.roles),
        **account.contact.claims(),
    }
    wanted = set(asked)
    for word in scope:
        wanted.update(SCOPE_CLAIMS.get(word, ()))
    # False is an answer (email_verified); what is empty is not known.
    return {name: value for name, value in every.items() if name in wanted and value not in ("", [])}


def _sections(text: str) -> tuple[dict[str, object], dict[str, object]]:
    if len(text) > _AT_MOST:
        raise InvalidRequest("claims is too long.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRequest("claims is not JSON.") from None
    if not isinstance(document, dict):
        raise InvalidRequest("claims is not a JSON object.")
    id_token, userinfo = document.get("id_token") or {}, document.get("userinfo") or {}
    if not isinstance(id_token, dict) or not isinstance(userinfo, dict):
        raise InvalidRequest("claims.id_token and claims.userinfo are objects.")
    return id_token, userinfo


def _values(request: Mapping[str, object]) -> tuple[str, ...]:
    values = request.get("values")
    several = values if isinstance(values, list) else [request.get("value")]
    return tuple(value for value in several if isinstance(value, str))
