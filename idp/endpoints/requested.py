"""Where the parameters of an authorization request come from: the address, a request object, or a pushed request."""

from dataclasses import dataclass

from idp.endpoints.state import IdpState
from idp.protocol import pushed_request
from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest, NotRedirectable, PageReason, RequestUriNotSupported
from idp.protocol.parameters import Parameters
from idp.protocol.request_object import read_request_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The parameters that count; `request_uri` is that of a pushed request, "" otherwise."""

    parameters: Parameters
    request_uri: str = ""


async def requested(idp: IdpState, outer: Parameters) -> Requested:
    """Return what an authorization request asks for, given the parameters of its address.

    A plain request costs two look-ups in a dictionary here.

    Raises:
        NotRedirectable: a pushed request that is gone or another client's, or an unknown client with `request`.
        OAuthError: for whoever `outer` proves to be; RFC 9101 §7, RFC 9126 §5.
    """
    if "request_uri" in outer:
        return await _pushed(idp, outer)
    client = await idp.clients.get(outer.get("client_id", ""))
    if client is None:
        raise NotRedirectable(PageReason.UNKNOWN_CLIENT, detail="client_id")
    pushed_request.check_expected(client, pushed=False, always=idp.require_pushed_requests)
    if "request" in outer:
        return Requested(parameters=await inside(idp, outer, client))
    return Requested(parameters=outer)


async def inside(idp: IdpState, outer: Parameters, client: Client) -> dict[str, str]:
    """Return the parameters inside the request object of `outer` (RFC 9101 §6).

    Raises:
        OAuthError: as `read_request_object`.
    """
    keys = await idp.client_keys.for_token(client, outer["request"])
    return read_request_object(outer, client, keys, issuer=idp.issuer, at=idp.clock())


async def used_up(idp: IdpState, request_uri: str) -> bool:
    """Use a pushed request up, when there is one; False when it was used before (RFC 9126 §4, §7.3)."""
    if not request_uri:
        return True
    return await idp.pushed.take(pushed_request.hash_request_uri(request_uri)) is not None


async def _pushed(idp: IdpState, outer: Parameters) -> Requested:
    request_uri = outer["request_uri"]
    if not pushed_request.is_pushed(request_uri):
        raise RequestUriNotSupported("Only pushed request_uri values are supported.")
    if "request" in outer:
        raise InvalidRequest("request and request_uri exclude each other.")
    kept = await idp.pushed.get(pushed_request.hash_request_uri(request_uri))
    parameters = pushed_request.verify_pushed(kept, outer.get("client_id"), at=idp.clock())
    return Requested(parameters=parameters, request_uri=request_uri)
