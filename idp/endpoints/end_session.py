"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), GET and POST."""

from datetime import timedelta
from secrets import token_urlsafe
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.answers import see_other
from idp.endpoints.parsing import page_form, page_query
from idp.endpoints.rendering import EndSessionPage, SignedOutPage
from idp.endpoints.state import IdpState, of
from idp.protocol import end_session as rules
from idp.protocol.account import Account
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.id_token import verify_hint
from idp.protocol.parameters import Parameters
from idp.protocol.redirect_uri import origin_of
from idp.protocol.session import Session
from idp.protocol.signing import SignatureRefused, VerifiedClaims

_PARKED_LIFETIME: Final = timedelta(minutes=2)
_REPEATED: Final = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


async def end_session(request: Request) -> Response:
    """GET: end the session at once when the hint speaks for it, else ask."""
    return await _proceed(request, page_query(request))


async def end_session_post(request: Request) -> Response:
    """POST from a relying party: its site's cookies don't come along, so go on with a GET of our own."""
    idp = of(request)
    parked = token_urlsafe(24)
    await idp.parked.put(parked, dict(await page_form(request)), _PARKED_LIFETIME)
    return see_other(f"{idp.issuer}/end_session/{parked}")


async def end_session_parked(request: Request) -> Response:
    """GET after a POST: the parked parameters, once."""
    parameters = await of(request).parked.take(request.path_params["parked"])
    if parameters is None:
        raise NotRedirectable(PageReason.INTERACTION_GONE, detail="parked logout")
    return await _proceed(request, parameters)


async def end_session_confirmed(request: Request) -> Response:
    """POST of our own page: the person said yes. The request is checked again."""
    idp = of(request)
    form = await page_form(request)
    cookie = cookies.session(request, idp) or ""
    if not cookies.is_form_token(idp, form.get("form_token", ""), "end_session", cookie):
        raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
    checked, live, _ = await _check(idp, request, form)
    return await _end(request, checked.redirect_to, live)


async def _proceed(request: Request, parameters: Parameters) -> Response:
    idp = of(request)
    checked, live, hint = await _check(idp, request, parameters)
    if not checked.ask or live is None:
        # §3: without a hint nothing but the person's own yes vouches for the address.
        return await _end(request, checked.redirect_to if hint is not None else "", live)
    page = EndSessionPage(
        client_name=(checked.client.client_name or checked.client.client_id) if checked.client else "",
        action=f"{idp.issuer}/end_session/confirmed",
        form_token=cookies.form_token(idp, "end_session", cookies.session(request, idp) or ""),
        name=live[1].name,
        fields=tuple((name, parameters[name]) for name in _REPEATED if name in parameters),
    )
    origin = origin_of(checked.redirect_to) if checked.redirect_to else ""
    return idp.pages.render(request, page, ui_locales=parameters.get("ui_locales", ""), form_action=origin)


async def _check(
    idp: IdpState, request: Request, parameters: Parameters
) -> tuple[rules.LogoutRequest, tuple[Session, Account] | None, VerifiedClaims | None]:
    hint = await _hint(idp, parameters.get("id_token_hint"))
    client_id = rules.client_id_of(parameters, hint)
    client = await idp.clients.get(client_id) if client_id else None
    live = await idp.sessions.read(cookies.session(request, idp), at=idp.clock())
    return rules.check(parameters, client=client, hint=hint, session=live[0] if live else None), live, hint


async def _hint(idp: IdpState, token: str | None) -> VerifiedClaims | None:
    if token is None:
        return None
    try:
        return verify_hint(token, await idp.keys.ring(), issuer=idp.issuer)
    except SignatureRefused as error:
        raise NotRedirectable(PageReason.LOGOUT_REFUSED, detail=f"id_token_hint: {error}") from error


async def _end(request: Request, redirect_to: str, live: tuple[Session, Account] | None) -> Response:
    idp = of(request)
    if live is not None:
        await idp.sessions.end(live[0].sid, at=idp.clock())
    page = SignedOutPage(home=idp.base_url + "/")
    answer = see_other(redirect_to) if redirect_to else idp.pages.render(request, page)
    cookies.drop_session(answer, idp)
    return answer
