"""The authorization endpoint (OpenID Connect Core §3.1.2): answer at once, or begin an interaction.

A cross-site POST carries no Lax cookie, so its parameters are parked and the browser is sent to a GET of our own.
"""

from dataclasses import replace
from datetime import timedelta
from secrets import token_urlsafe
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.answers import see_other, to_client
from idp.endpoints.interaction_pages import frame_of, page_for
from idp.endpoints.parsing import page_form, page_query
from idp.endpoints.pending import INTERACTION_LIFETIME
from idp.endpoints.requested import requested, used_up
from idp.endpoints.state import IdpState, of
from idp.protocol import acr
from idp.protocol import authorization_response as response
from idp.protocol.account import Account
from idp.protocol.authorization_request import AuthorizationRequest, prove, read
from idp.protocol.errors import NotRedirectable, OAuthError, PageReason
from idp.protocol.factors import NONE
from idp.protocol.id_token import verify_hint
from idp.protocol.interaction import Interaction, Step, decide, missing
from idp.protocol.parameters import Parameters
from idp.protocol.session import Session
from idp.protocol.signing import SignatureRefused

_PARKED_LIFETIME: Final = timedelta(minutes=2)


async def authorize(request: Request) -> Response:
    """GET: parameters in the address."""
    return await _arrive(request, page_query(request))


async def authorize_post(request: Request) -> Response:
    """POST: park the parameters and go on with a GET of our own (303)."""
    idp = of(request)
    parameters = await page_form(request)
    if "request" not in parameters and "request_uri" not in parameters:
        prove(parameters, await idp.clients.get(parameters.get("client_id", "")))
    parked = token_urlsafe(24)
    await idp.parked.put(parked, dict(parameters), _PARKED_LIFETIME)
    return see_other(f"{idp.issuer}/authorize/{parked}")


async def authorize_parked(request: Request) -> Response:
    """GET after a POST: the parked parameters, once."""
    parameters = await of(request).parked.take(request.path_params["parked"])
    if parameters is None:
        raise NotRedirectable(PageReason.INTERACTION_GONE, detail="parked request")
    return await _arrive(request, parameters)


async def _arrive(request: Request, outer: Parameters) -> Response:
    idp = of(request)
    try:
        asked = await requested(idp, outer)
    except OAuthError as error:
        # What can't be read names no address to answer at; one that stands beside it may, once it is proven.
        target = prove(outer, await idp.clients.get(outer.get("client_id", "")))
        return to_client(request, target, response.failure(error, target, issuer=idp.issuer))
    return await proceed(request, asked.parameters, None, request_uri=asked.request_uri)


async def proceed(
    request: Request, parameters: Parameters, pending: tuple[str, Interaction] | None, *, request_uri: str = ""
) -> Response:
    """Answer the request, show what the person does next, or begin an interaction for it.

    `request_uri` is that of the pushed request behind it; a pending interaction knows its own.
    """
    idp = of(request)
    request_uri = pending[1].request_uri if pending else request_uri
    target = prove(parameters, await idp.clients.get(parameters.get("client_id", "")))
    try:
        asked = read(parameters, target)
        idp.issuing.check_resource(asked.resource, target.client)
        live = await idp.sessions.read(cookies.session(request, idp), at=idp.clock())
        step = await _next_step(idp, asked, live, pending[1] if pending else None)
        if step is Step.DONE and live is not None:
            return await _answer(request, idp, parameters, asked, live, pending, request_uri)
    except OAuthError as error:
        await _finish(idp, pending)
        await used_up(idp, request_uri)
        return to_client(request, target, response.failure(error, target, issuer=idp.issuer))
    if pending is None:
        return await _begin(request, idp, parameters, request_uri)
    return await page_for(request, step, frame_of(asked), pending, live=live)


async def _next_step(
    idp: IdpState, asked: AuthorizationRequest, live: tuple[Session, Account] | None, interaction: Interaction | None
) -> Step:
    session, account = live or (None, None)
    client = asked.target.client
    consented: frozenset[str] = frozenset()
    if account is not None and not client.trusted:
        consented = await idp.consents.get(f"{account.sub} {client.client_id}")
    factors = NONE
    if session is not None and account is not None and missing(asked, session, account, interaction):
        # Only somebody who is asked for more than the session has is looked up: sign-on as such touches no SQL.
        factors = await idp.second_factors.of(account.sub)
    return decide(
        asked,
        session=session,
        account=account,
        interaction=interaction,
        consented=consented,
        hinted_sub=await _hinted_sub(idp, asked),
        subject=idp.issuing.subject_for(client, session.sub) if session else None,
        at=idp.clock(),
        factors=factors,
    )


async def _answer(
    request: Request,
    idp: IdpState,
    parameters: Parameters,
    asked: AuthorizationRequest,
    live: tuple[Session, Account],
    pending: tuple[str, Interaction] | None,
    request_uri: str,
) -> Response:
    if not await used_up(idp, request_uri):
        raise NotRedirectable(PageReason.PUSHED_REQUEST_GONE, detail="answered already")
    if pending is not None and await idp.interactions.take(pending[0]) is None:
        raise NotRedirectable(PageReason.INTERACTION_GONE, detail="answered already")
    at = idp.clock()
    session, account = live
    await idp.sessions.note_use(session, asked.target.client.client_id, at=at)
    told = acr.told(asked.wanted_acr, session.acr, account)
    as_told = session if told == session.acr else replace(session, acr=told)
    code = await idp.rulebook.authorize(parameters, asked, as_told, at=at)
    return to_client(request, asked.target, response.success(code, asked.target, issuer=idp.issuer))


async def _begin(request: Request, idp: IdpState, parameters: Parameters, request_uri: str) -> Response:
    browser = cookies.browser(request, idp) or token_urlsafe(32)
    interaction = Interaction(
        parameters=dict(parameters), browser_hash=cookies.hash_browser(browser), request_uri=request_uri
    )
    interaction_id = token_urlsafe(24)
    await idp.interactions.put(interaction_id, interaction, INTERACTION_LIFETIME)
    answer = see_other(f"{idp.issuer}/interaction/{interaction_id}")
    cookies.set_browser(answer, idp, browser)
    return answer


async def _finish(idp: IdpState, pending: tuple[str, Interaction] | None) -> None:
    if pending is not None:
        await idp.interactions.take(pending[0])


async def _hinted_sub(idp: IdpState, asked: AuthorizationRequest) -> str | None:
    if asked.id_token_hint is None:
        return None
    try:
        hint = verify_hint(asked.id_token_hint, await idp.keys.ring(), issuer=idp.issuer)
    except SignatureRefused:
        return "-"  # nobody's sub: a hint that isn't ours never lets a session answer
    return str(hint["sub"])
