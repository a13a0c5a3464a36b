"""A relying party with a key of its own: request objects (RFC 9101) and private_key_jwt (RFC 7523)."""

import json
from secrets import token_urlsafe
from typing import Any

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey

from tests.doubles.idp_site import ISSUER, RelyingParty, Site

KEY = ECKey.generate_key("P-256", {"kid": "k-1"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "k-1"})
PUBLIC: dict[str, str] = {str(k): str(v) for k, v in KEY.as_dict(private=False).items()}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def sign(claims: dict[str, Any], *, key: Any = KEY, **header: Any) -> str:
    """A compact JWS; claims and header members that are None are left out."""
    kept = {name: value for name, value in claims.items() if value is not None}
    whole = {"alg": "ES256", "kid": "k-1", **header}
    whole = {name: value for name, value in whole.items() if value is not None}
    return jws.serialize_compact(whole, json.dumps(kept).encode(), key, algorithms=[str(whole["alg"])])


def request_object(rp: RelyingParty, claims: dict[str, Any] | None = None, **header: Any) -> str:
    """The usual request of `rp` as a request object, with some claims changed."""
    now = int(rp.site.clock().timestamp())
    client_id = rp.client.client_id
    usual = {"iss": client_id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 300, "jti": token_urlsafe(8)}
    return sign({**rp.request(), **usual, **(claims or {})}, **{"typ": "oauth-authz-req+jwt"} | header)


def assertion(rp: RelyingParty, claims: dict[str, Any] | None = None, *, key: Any = KEY, **header: Any) -> str:
    """A client assertion of `rp`, with some claims changed."""
    now, client_id = int(rp.site.clock().timestamp()), rp.client.client_id
    usual = {"iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": token_urlsafe(12)}
    return sign(usual | (claims or {}), key=key, **header)


async def push(rp: RelyingParty, **parameters: str | None) -> httpx2.Response:
    """Push the usual request of `rp`, with some parameters changed."""
    return await rp.post("/par", {**rp.request(**parameters)})


async def pushed_url(rp: RelyingParty, **parameters: str | None) -> str:
    """The address to send a browser to after pushing."""
    answer = await push(rp, **parameters)
    assert answer.status_code == 201, answer.text
    return url_of(rp, answer.json()["request_uri"])


def url_of(rp: RelyingParty, request_uri: str, **parameters: str | None) -> str:
    """The address of an authorization request that names a pushed one."""
    only = dict.fromkeys(rp.request()) | {"client_id": rp.client.client_id, "request_uri": request_uri}
    return rp.url(**only | parameters)


async def signing_client(site: Site, client_id: str = "tile", **given: Any) -> RelyingParty:
    """A client with a registered key; its secret still authenticates it unless told otherwise."""
    return await site.client(client_id, **{"jwks": (PUBLIC,)} | given)
