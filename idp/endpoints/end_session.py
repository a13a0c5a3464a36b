"""Leaving: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), and two ways that take its parameters.

`/end_session` signs out. `/session/hand_over` does the same for the next clerk at the same window, and ends offline
access too. `/session/lock` ends nothing here but answers nothing either, until the same person signs in again at
`post_logout_redirect_uri`. For all three the hint speaks for the session or the person is asked (docs/decisions/0032).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idp.endpoints import cookies
from idp.endpoints.answers import see_other
from idp.endpoints.leaving_pages import EndSessionPage
from idp.endpoints.parsing import page_form, page_query
from idp.endpoints.signed_out import show_signed_out
from idp.endpoints.state import IdpState, of
from idp.protocol import end_session as rules
from idp.protocol.account import Account
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.id_token import verify_hint
from idp.protocol.parameters import Parameters
from idp.protocol.redirect_uri import origin_of
from idp.protocol.session import Ending, Session
from idp.protocol.signing import SignatureRefused, VerifiedClaims

_PARKED_LIFETIME: Final = timedelta(minutes=2)
_REPEATED: Final = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")
Way = Literal["end_session", "hand_over", "lock"]
Live = tuple[Session, Account] | None
PATHS: Final[dict[Way, str]] = {
    "end_session": "/end_session",
    "hand_over": "/session/hand_over",
    "lock": "/session/lock",
}


@dataclass(frozen=True, slots=True)
class Leaving:
    """The handlers of one way to leave."""

    way: Way

    def routes(self) -> list[Route]:
        path = PATHS[self.way]
        return [
            Route(path, self.get, methods=["GET"]),
            Route(path, self.post, methods=["POST"]),
            Route(f"{path}/confirmed", self.confirmed, methods=["POST"]),
            Route(f"{path}/{{parked}}", self.parked),
        ]

    async def get(self, request: Request) -> Response:
        """GET: do it at once when the hint speaks for the session, else ask."""
        return await self._proceed(request, page_query(request))

    async def post(self, request: Request) -> Response:
        """POST from a relying party: its site's cookies don't come along, so go on with a GET of our own."""
        idp = of(request)
        parked = token_urlsafe(24)
        await idp.parked.put(parked, dict(await page_form(request)), _PARKED_LIFETIME)
        return see_other(f"{idp.issuer}{PATHS[self.way]}/{parked}")

    async def parked(self, request: Request) -> Response:
        """GET after a POST: the parked parameters, once."""
        parameters = await of(request).parked.take(request.path_params["parked"])
        if parameters is None:
            raise NotRedirectable(PageReason.INTERACTION_GONE, detail="parked logout")
        return await self._proceed(request, parameters)

    async def confirmed(self, request: Request) -> Response:
        """POST of our own page: the person said yes. The request is checked again."""
        idp = of(request)
        form = await page_form(request)
        cookie = cookies.session(request, idp) or ""
        if not cookies.is_form_token(idp, form.get("form_token", ""), "leaving", cookie):
            raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
        checked, live, _ = await _check(idp, request, form)
        return await _DO[self.way](request, checked, checked.redirect_to, live)

    async def _proceed(self, request: Request, parameters: Parameters) -> Response:
        idp = of(request)
        checked, live, hint = await _check(idp, request, parameters)
        if not checked.ask or live is None:
            # §3: without a hint nothing but the person's own yes vouches for the address.
            return await _DO[self.way](request, checked, checked.redirect_to if hint is not None else "", live)
        page = EndSessionPage(
            way=self.way,
            client_name=(checked.client.client_name or checked.client.client_id) if checked.client else "",
            action=f"{idp.issuer}{PATHS[self.way]}/confirmed",
            form_token=form_token(idp, request),
            name=live[1].name,
            fields=tuple((name, parameters[name]) for name in _REPEATED if name in parameters),
        )
        origin = origin_of(checked.redirect_to) if checked.redirect_to else ""
        return idp.pages.render(request, page, ui_locales=parameters.get("ui_locales", ""), form_action=origin)


def form_token(idp: IdpState, request: Request) -> str:
    """Return the token of a form that leaves: it fits the session of this browser."""
    return cookies.form_token(idp, "leaving", cookies.session(request, idp) or "")


async def _check(
    idp: IdpState, request: Request, parameters: Parameters
) -> tuple[rules.LogoutRequest, Live, VerifiedClaims | None]:
    hint = await _hint(idp, parameters.get("id_token_hint"))
    client_id = rules.client_id_of(parameters, hint)
    client = await idp.clients.get(client_id) if client_id else None
    # A session that is idle or locked answers no sign-on, but it can be ended.
    kept = await idp.sessions.kept(cookies.session(request, idp), at=idp.clock())
    session = kept[0] if kept else None
    subject = idp.issuing.subject_for(client, session.sub) if client and session else ""
    return rules.check(parameters, client=client, hint=hint, session=session, subject=subject), kept, hint


async def _hint(idp: IdpState, token: str | None) -> VerifiedClaims | None:
    if token is None:
        return None
    try:
        return verify_hint(token, await idp.keys.ring(), issuer=idp.issuer)
    except SignatureRefused as error:
        raise NotRedirectable(PageReason.LOGOUT_REFUSED, detail=f"id_token_hint: {error}") from error


async def _sign_out(request: Request, checked: rules.LogoutRequest, redirect_to: str, live: Live) -> Response:
    return await _end(request, checked, redirect_to, live, Ending.SIGNED_OUT)


async def _hand_over(request: Request, checked: rules.LogoutRequest, redirect_to: str, live: Live) -> Response:
    return await _end(request, checked, redirect_to, live, Ending.HANDED_OVER)


async def _end(
    request: Request, checked: rules.LogoutRequest, redirect_to: str, live: Live, reason: Ending
) -> Response:
    idp = of(request)
    ended = await idp.sessions.end(live[0].sid, reason, at=idp.clock()) if live is not None else None
    asked_by = checked.client.client_id if checked.client else ""
    answer = await show_signed_out(request, ended, onward=redirect_to, asked_by=asked_by)
    cookies.drop_session(answer, idp)
    return answer


async def _lock(request: Request, checked: rules.LogoutRequest, redirect_to: str, live: Live) -> Response:
    idp = of(request)
    if live is None:
        return see_other(redirect_to or f"{idp.base_url}/")
    await idp.sessions.lock(live[0].sid, unlock_to=redirect_to, at=idp.clock())
    return see_other(f"{idp.issuer}/session")


_DO: Final[dict[Way, Callable[[Request, rules.LogoutRequest, str, Live], Awaitable[Response]]]] = {
    "end_session": _sign_out,
    "hand_over": _hand_over,
    "lock": _lock,
}
