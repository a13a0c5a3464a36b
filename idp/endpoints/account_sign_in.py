"""Signing in for a page of one's own account: the same steps as for a system, and back to the page."""

from secrets import token_urlsafe

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.answers import see_other
from idp.endpoints.interaction_pages import framed, page_for
from idp.endpoints.pending import INTERACTION_LIFETIME, address
from idp.endpoints.state import of
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.interaction import Interaction, Step, owes_second_factor


async def begin(request: Request, page: str) -> Response:
    """Send the browser to a sign-in that comes back to `page`, a path of ours below the issuer."""
    idp = of(request)
    browser = cookies.browser(request, idp) or token_urlsafe(32)
    interaction = Interaction(parameters={}, browser_hash=cookies.hash_browser(browser), account_page=page)
    interaction_id = token_urlsafe(24)
    await idp.interactions.put(interaction_id, interaction, INTERACTION_LIFETIME)
    answer = see_other(address(idp, interaction_id))
    cookies.set_browser(answer, idp, browser)
    return answer


async def proceed(request: Request, interaction_id: str, pending: Interaction) -> Response:
    """Show what is still owed, or go back to the page: only a sign-in of this very interaction leads there."""
    idp = of(request)
    at = idp.clock()
    live = await idp.sessions.read(cookies.session(request, idp), at=at)
    if live is not None and pending.signed_in_sub == live[0].sub:
        if await idp.interactions.take(interaction_id) is None:
            raise NotRedirectable(PageReason.INTERACTION_GONE, detail="answered already")
        return see_other(f"{idp.issuer}{pending.account_page}")
    step = Step.SECOND_FACTOR if owes_second_factor(pending, at=at) else Step.SIGN_IN
    return await page_for(request, step, await framed(request, pending), (interaction_id, pending), live=live)
