"""Leaving: /sign-out, /hand-over and /lock with what follows them, and the provider's word that a session is over.

Each ends the portal's own sessions of this sign-on first, then sends the browser to the provider, which does the
same for every other system. What was typed stays in the draft, or is parked (`portal/parked.py`).
"""

from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.logout_token import LogoutTokenRefused
from config.logs import get
from portal.api.signing_keys import KeysUnavailable
from portal.guards import checked_form, local_path, read_form
from portal.relying_party import ProviderUnreachable
from portal.sessions import Session
from portal.state import PortalState, portal_of, session_of

_log = get("portal.leaving")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutPage:
    """Context of pages/signed_out.html."""


async def sign_out(request: Request) -> Response:
    """End the session here, then at the provider."""
    portal, session = portal_of(request), session_of(request)
    if session is None:
        return RedirectResponse("/signed-out", status_code=303)
    await checked_form(request)
    try:
        address = await portal.relying_party.logout_address(id_token=session.id_token)
    except ProviderUnreachable:
        address = "/signed-out"
    return await _leave(request, portal, session, address, "signed_out")


async def hand_over(request: Request) -> Response:
    """End everything of this clerk, here and at every system, and offer the window to the next one."""
    portal, session = portal_of(request), session_of(request)
    if session is None:
        return RedirectResponse("/sign-in", status_code=303)
    await checked_form(request)
    try:
        address = await portal.relying_party.hand_over_address(id_token=session.id_token)
    except ProviderUnreachable:
        address = "/signed-out"
    response = await _leave(request, portal, session, address, "handed_over")
    # What was parked in this browser was the first clerk's typing.
    portal.cookies.withdraw(response, portal.cookies.browser)
    return response


async def lock(request: Request) -> Response:
    """Lock the window: nothing answers until the same clerk signs in again, back on the page they left."""
    portal, session = portal_of(request), session_of(request)
    if session is None:
        return RedirectResponse("/sign-in", status_code=303)
    form = await checked_form(request)
    place = local_path(str(form.get("next") or "/"))
    try:
        address = await portal.relying_party.lock_address(id_token=session.id_token, state=place)
    except ProviderUnreachable:
        address = "/signed-out"
    return await _leave(request, portal, session, address, "locked")


async def unlock(request: Request) -> Response:
    """Where the provider sends the clerk to sign in again; `state` is the page they left."""
    place = local_path(request.query_params.get("state"))
    return RedirectResponse(f"/sign-in?next={quote(place)}", status_code=303)


async def signed_out(request: Request) -> Response:
    """Confirm that the person is signed out."""
    return portal_of(request).renderer.page(request, "pages/signed_out.html", SignedOutPage())


async def back_channel(request: Request) -> Response:
    """Take the provider's logout token (OpenID Connect Back-Channel Logout 1.0 §2.5–2.8)."""
    portal = portal_of(request)
    form = await read_form(request, max_fields=10)
    try:
        token = await portal.relying_party.logout_token(str(form.get("logout_token") or ""), at=portal.clock())
    except LogoutTokenRefused as refused:
        _log.warning("logout_token_refused", reason=str(refused))
        return _answer({"error": "invalid_request"}, 400)
    except KeysUnavailable:
        return _answer({"error": "temporarily_unavailable"}, 503)
    ended = await portal.sessions.end_sign_on(sid=token.sid, sub=token.sub)
    _log.info("signed_out_by_provider", sub=token.sub, sessions=ended)
    return _answer({}, 200)


async def _leave(request: Request, portal: PortalState, session: Session, address: str, what: str) -> Response:
    sid = portal.cookies.read(request, portal.cookies.session)
    if sid:
        await portal.sessions.end(sid)
    if session.sign_on:
        await portal.sessions.end_sign_on(sid=session.sign_on, sub="")
    _log.info(what, sub=session.person.sub)
    response = RedirectResponse(address, status_code=303)
    portal.cookies.withdraw(response, portal.cookies.session)
    return response


def _answer(document: dict[str, str], status: int) -> Response:
    return JSONResponse(document, status, headers={"cache-control": "no-store"})


routes: list[BaseRoute] = [
    Route("/sign-out", sign_out, methods=["POST"], name="sign_out"),
    Route("/hand-over", hand_over, methods=["POST"], name="hand_over"),
    Route("/lock", lock, methods=["POST"], name="lock"),
    Route("/unlock", unlock, name="unlock"),
    Route("/signed-out", signed_out, name="signed_out"),
    Route("/back-channel-logout", back_channel, methods=["POST"], name="back_channel_logout"),
]
