"""After the end of a session: which systems were told, as far as it is known; and frames for those told by browser."""

from secrets import token_urlsafe

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.answers import see_other
from idp.endpoints.leaving_pages import SignedOutPage, SystemLine
from idp.endpoints.leaving_words import TOLD_WORDS
from idp.endpoints.state import IdpState, of
from idp.farewell import LIVES, Outcome, outcome
from idp.protocol.front_channel_logout import origins
from idp.protocol.logout import Farewell
from idp.protocol.session import Ending, Session


async def show_signed_out(request: Request, ended: Session | None, *, onward: str, asked_by: str) -> Response:
    """Lead the browser to the page that tells who was told; straight on when nobody else was signed in to."""
    idp = of(request)
    others = [client_id for client_id in ended.clients if client_id != asked_by] if ended else []
    if ended is None or not others:
        return see_other(onward) if onward else idp.pages.render(request, SignedOutPage(home=f"{idp.base_url}/"))
    farewell_id = token_urlsafe(24)
    farewell = Farewell(
        occasion=ended.ended_by,
        sid=ended.sid,
        clients=ended.clients,
        asked_by=asked_by,
        onward=onward,
        handed_over=ended.ending is Ending.HANDED_OVER,
    )
    await idp.farewells.put(farewell_id, farewell, LIVES)
    return see_other(f"{idp.issuer}/signed_out/{farewell_id}")


async def signed_out(request: Request) -> Response:
    """Show how far it is. The first look waits a moment for answers, `?again` shows what is known.

    When a window is handed over and every system confirmed, the next clerk's sign-in follows at once.
    """
    idp = of(request)
    farewell = await idp.farewells.get(request.path_params["farewell"])
    if farewell is None:
        return idp.pages.render(request, SignedOutPage(home=f"{idp.base_url}/"))
    again = "again" in request.query_params
    found = await outcome(farewell, queue=idp.logout_queue, clients=idp.clients, issuer=idp.issuer, patient=not again)
    if farewell.handed_over and farewell.onward and found.all_ended and not again:
        return see_other(farewell.onward)
    page = await _page(request, idp, farewell, found, with_frames=not again)
    return idp.pages.render(request, page, frame_origins=origins(page.frames))


async def _page(
    request: Request, idp: IdpState, farewell: Farewell, found: Outcome, *, with_frames: bool
) -> SignedOutPage:
    asked_by = await idp.clients.get(farewell.asked_by) if farewell.asked_by else None
    return SignedOutPage(
        home=f"{idp.base_url}/",
        onward=farewell.onward,
        onward_name=(asked_by.client_name or asked_by.client_id) if asked_by else "",
        handed_over=farewell.handed_over,
        lines=tuple(
            SystemLine(name=one.name, told=one.told.value, words=idp.pages.say(request, TOLD_WORDS[one.told]))
            for one in found.systems
        ),
        frames=found.frames if with_frames else (),
        waiting=found.waiting,
        attention=not found.all_ended,
        again=f"{idp.issuer}/signed_out/{request.path_params['farewell']}?again",
    )
