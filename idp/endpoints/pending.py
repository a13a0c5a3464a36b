"""A pending interaction: read, bound to the browser that began it, and how a sign-in in it is completed."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.answers import see_other
from idp.endpoints.parsing import page_form
from idp.endpoints.state import IdpState, of
from idp.protocol.account import Account
from idp.protocol.acr import acr_of
from idp.protocol.audit import AuditKind
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.interaction import Interaction
from idp.protocol.parameters import Parameters

INTERACTION_LIFETIME: Final = timedelta(minutes=30)


async def load(request: Request) -> tuple[str, Interaction]:
    """Return the interaction of the address with its id.

    Raises:
        NotRedirectable: finished, expired, or begun in another browser.
    """
    idp = of(request)
    interaction_id = request.path_params["interaction_id"]
    browser = cookies.browser(request, idp)
    pending = await idp.interactions.get(interaction_id)
    if pending is None or browser is None or pending.browser_hash != cookies.hash_browser(browser):
        raise NotRedirectable(PageReason.INTERACTION_GONE, detail="unknown, finished or another browser")
    return interaction_id, pending


async def own_form(request: Request, interaction_id: str) -> Parameters:
    """Return the fields of a form of ours, for this interaction in this browser.

    Raises:
        NotRedirectable: it is none of ours, or too old.
    """
    idp = of(request)
    form = await page_form(request)
    if not cookies.is_form_token(idp, form.get("form_token", ""), interaction_id, cookies.browser(request, idp) or ""):
        raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
    return form


def address(idp: IdpState, interaction_id: str) -> str:
    """Return where an interaction goes on."""
    return f"{idp.issuer}/interaction/{interaction_id}"


async def keep(request: Request, interaction_id: str, pending: Interaction) -> Response:
    """Keep what changed and go on with the next step."""
    idp = of(request)
    await idp.interactions.put(interaction_id, pending, INTERACTION_LIFETIME)
    return see_other(address(idp, interaction_id))


async def signed_in(
    request: Request, interaction_id: str, pending: Interaction, account: Account, amr: tuple[str, ...]
) -> Response:
    """Begin the session of somebody who has proven all that was asked; its id is new (RFC 9700 §4.7)."""
    idp = of(request)
    window = cookies.window(request, idp) if pending.window is None else pending.window
    cookie = await idp.sessions.start(
        account, cookie=cookies.session(request, idp), at=idp.clock(), amr=amr, window=window
    )  # fmt: skip
    # Written before the browser gets its cookie: nobody is let in whose coming could not be kept.
    await idp.audit.write(
        AuditKind.SIGN_IN, sub=account.sub, sid=cookie.partition(".")[0],
        client_id=pending.parameters.get("client_id", ""), detail={"acr": acr_of(amr), "amr": list(amr)}, at=idp.clock(),
    )  # fmt: skip
    # Noted rather than concluded from times: two processes' clocks are never quite the same.
    done = replace(pending, signed_in_sub=account.sub, half_sub="", half_at=None)
    answer = await keep(request, interaction_id, done)
    cookies.set_session(answer, idp, cookie)
    cookies.set_known_browser(answer, idp, account.username)
    if pending.window is not None:
        cookies.set_window(answer, idp, window)
    return answer
