"""`/session`: who is signed in at this browser, with lock, hand-over and sign-out; or that it is locked."""

from starlette.requests import Request
from starlette.responses import Response

from config.clock import SHANGHAI
from idp.endpoints import cookies
from idp.endpoints.answers import see_other
from idp.endpoints.end_session import PATHS, form_token
from idp.endpoints.leaving_pages import SessionPage
from idp.endpoints.state import of
from idp.protocol.redirect_uri import origin_of


async def session(request: Request) -> Response:
    """Show the session of this browser; without one there is nothing to show, and the portal asks to sign in."""
    idp = of(request)
    kept = await idp.sessions.kept(cookies.session(request, idp), at=idp.clock())
    home = f"{idp.base_url}/"
    if kept is None:
        return see_other(home)
    own, account = kept
    unlock = own.unlock_to or home
    page = SessionPage(
        name=account.name,
        unit_name=account.unit_name,
        window=own.window,
        ends=own.over_at.astimezone(SHANGHAI).strftime("%H:%M"),
        locked=own.locked_at is not None,
        unlock=unlock,
        lock=f"{idp.issuer}{PATHS['lock']}/confirmed",
        hand_over=f"{idp.issuer}{PATHS['hand_over']}/confirmed",
        end_session=f"{idp.issuer}{PATHS['end_session']}/confirmed",
        form_token=form_token(idp, request),
        home=home,
    )
    return idp.pages.render(request, page, form_action=origin_of(unlock))
