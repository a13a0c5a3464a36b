"""The steps of an interaction: sign in, choose an account, agree. Bound to the browser that began it."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from config.logs import get
from idp.endpoints import cookies
from idp.endpoints.account_sign_in import proceed as proceed_to_account
from idp.endpoints.answers import see_other, to_client
from idp.endpoints.authorize import proceed
from idp.endpoints.interaction_pages import framed, page_for
from idp.endpoints.pending import INTERACTION_LIFETIME, address, keep, load, own_form, signed_in
from idp.endpoints.requested import used_up
from idp.endpoints.state import IdpState, of
from idp.endpoints.words import REFUSAL_STATUS, REFUSALS
from idp.protocol import authorization_response as response
from idp.protocol.acr import AMR_PASSWORD
from idp.protocol.audit import AuditKind
from idp.protocol.authorization_request import Target, prove, read
from idp.protocol.errors import AccessDenied, OAuthError
from idp.protocol.interaction import Interaction, Step
from idp.protocol.session import Ending, window_name
from idp.sign_in import Refusal

_log = get("onewindow.idp")


async def interaction(request: Request) -> Response:
    """Show the next step, or go back to the client when nothing is left to do."""
    interaction_id, pending = await load(request)
    if pending.account_page:
        return await proceed_to_account(request, interaction_id, pending)
    return await proceed(request, pending.parameters, (interaction_id, pending))


async def sign_in(request: Request) -> Response:
    """Take user name and password; who has set up a second factor owes it before anybody is signed in."""
    idp = of(request)
    interaction_id, pending = await load(request)
    form = await own_form(request, interaction_id)
    pending = replace(pending, window=window_name(form.get("window", "")))
    username = form.get("username", "")[:200]
    outcome = await idp.sign_in.with_password(
        username,
        form.get("password", ""),
        address=request.client.host if request.client else "",
        known_browser=cookies.known_browser(request, idp, username),
    )
    if isinstance(outcome, Refusal):
        return await _refused(request, interaction_id, pending, username, outcome)
    if (await idp.second_factors.of(outcome.sub)).any:
        return await keep(request, interaction_id, replace(pending, half_sub=outcome.sub, half_at=idp.clock()))
    return await signed_in(request, interaction_id, pending, outcome, AMR_PASSWORD)


async def consent(request: Request) -> Response:
    """Take the person's yes or no to what the client asks for."""
    idp = of(request)
    interaction_id, pending = await load(request)
    form = await own_form(request, interaction_id)
    live = await idp.sessions.read(cookies.session(request, idp), at=idp.clock())
    if live is None:
        return see_other(address(idp, interaction_id))
    target = await _target(idp, pending)
    if form.get("decision") != "allow":
        await idp.interactions.take(interaction_id)
        await used_up(idp, pending.request_uri)
        denied = AccessDenied("The person did not agree.")
        return to_client(request, target, response.failure(denied, target, issuer=idp.issuer))
    scope = read(pending.parameters, target).agreed_scope
    await idp.audit.write(
        AuditKind.CONSENT_GIVEN, sub=live[1].sub, client_id=target.client.client_id, sid=live[0].sid,
        detail={"scope": list(scope)}, at=idp.clock(),
    )  # fmt: skip
    await idp.consent_store.add(live[1].sub, target.client.client_id, frozenset(scope), at=idp.clock())
    _log.info("consent_given", sub=live[1].sub, client_id=target.client.client_id, scope=list(scope))
    agreed = replace(pending, consented_scope=scope, consented_sub=live[1].sub)
    await idp.interactions.put(interaction_id, agreed, INTERACTION_LIFETIME)
    return see_other(address(idp, interaction_id))


async def account(request: Request) -> Response:
    """Go on with the account signed in here, or end its session and sign in with another."""
    idp = of(request)
    interaction_id, pending = await load(request)
    form = await own_form(request, interaction_id)
    await idp.interactions.put(interaction_id, replace(pending, account_chosen=True), INTERACTION_LIFETIME)
    answer = see_other(address(idp, interaction_id))
    if form.get("decision") != "continue":
        live = await idp.sessions.read(cookies.session(request, idp), at=idp.clock())
        if live is not None:
            await idp.sessions.end(live[0].sid, Ending.HANDED_OVER, at=idp.clock())
        cookies.drop_session(answer, idp)
    return answer


async def back(request: Request) -> Response:
    """Lead a reloaded form address back to its step."""
    return see_other(address(of(request), request.path_params["interaction_id"]))


async def _refused(
    request: Request, interaction_id: str, pending: Interaction, username: str, refusal: Refusal
) -> Response:
    idp = of(request)
    try:
        frame = await framed(request, pending)
    except OAuthError:
        return see_other(address(idp, interaction_id))  # which answers the client
    answer = await page_for(
        request,
        Step.SIGN_IN,
        frame,
        (interaction_id, pending),
        live=None,
        username=username,
        error=idp.pages.say(request, REFUSALS[refusal], ui_locales=frame.ui_locales),
        status=REFUSAL_STATUS[refusal],
    )
    if refusal is Refusal.THROTTLED:
        answer.headers["retry-after"] = "900"
    return answer


async def _target(idp: IdpState, pending: Interaction) -> Target:
    return prove(pending.parameters, await idp.clients.get(pending.parameters.get("client_id", "")))
