"""The second factor of a sign-in, a passkey in place of everything, and stepping up for a system that asks for more."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.answers import see_other, to_client
from idp.endpoints.interaction_pages import Live, framed, page_for, passkey_purpose
from idp.endpoints.pending import address, keep, load, own_form, signed_in
from idp.endpoints.requested import used_up
from idp.endpoints.state import of
from idp.endpoints.words import FACTOR_REFUSAL_STATUS, FACTOR_REFUSALS
from idp.protocol import authorization_response as response
from idp.protocol.acr import AMR_PASSKEY, acr_of
from idp.protocol.audit import AuditKind
from idp.protocol.authorization_request import prove
from idp.protocol.errors import OAuthError, UnmetAuthenticationRequirements
from idp.protocol.interaction import Interaction, Step, missing, owes_second_factor
from idp.second_factor import FactorRefusal


async def second_factor(request: Request) -> Response:
    """Take a one-time or recovery code: what a right password still owes, or more for the session there is."""
    idp = of(request)
    interaction_id, pending = await load(request)
    form = await own_form(request, interaction_id)
    at = idp.clock()
    if form.get("decision") == "other":
        return await keep(request, interaction_id, replace(pending, half_sub="", half_at=None))
    if form.get("decision") == "later":
        return await keep(request, interaction_id, replace(pending, step_up_declined=True))
    is_half = owes_second_factor(pending, at=at)
    live = None if is_half else await idp.sessions.read(cookies.session(request, idp), at=at)
    sub = pending.half_sub if is_half else live[0].sub if live else ""
    if not sub:
        return see_other(address(idp, interaction_id))  # the password comes first
    outcome = await idp.second_factors.with_code(sub, form.get("code", ""), at=at)
    if isinstance(outcome, FactorRefusal):
        return await _refused(request, interaction_id, pending, Step.SECOND_FACTOR, live, outcome)
    if live is None:
        return await _complete(request, interaction_id, pending, outcome)
    detail = {"acr": acr_of((*live[0].amr, *outcome)), "amr": list(outcome), "via": "step_up"}
    await idp.audit.write(AuditKind.SIGN_IN, sub=sub, sid=live[0].sid, detail=detail, at=at)
    cookie = await idp.sessions.strengthen(live[0], outcome, at=at)
    answer = see_other(address(idp, interaction_id))
    if cookie is not None:
        cookies.set_session(answer, idp, cookie)
    return answer


async def passkey(request: Request) -> Response:
    """Take a passkey's answer. It is two factors in one, so it signs its owner in whatever was owed before."""
    idp = of(request)
    interaction_id, pending = await load(request)
    form = await own_form(request, interaction_id)
    at = idp.clock()
    outcome = await idp.second_factors.with_passkey(
        form.get("credential", ""),
        bound_to=passkey_purpose(interaction_id, cookies.browser(request, idp) or ""),
        address=request.client.host if request.client else "",
        at=at,
    )
    if isinstance(outcome, FactorRefusal):
        live = await idp.sessions.read(cookies.session(request, idp), at=at)
        step = Step.SECOND_FACTOR if owes_second_factor(pending, at=at) else None
        return await _refused(request, interaction_id, pending, step, live, outcome)
    return await signed_in(request, interaction_id, pending, outcome, AMR_PASSKEY)


async def set_up(request: Request) -> Response:
    """Go back to the system without setting up what it asks for."""
    idp = of(request)
    interaction_id, pending = await load(request)
    form = await own_form(request, interaction_id)
    if form.get("decision") != "cancel" or pending.account_page:
        return see_other(address(idp, interaction_id))
    target = prove(pending.parameters, await idp.clients.get(pending.parameters.get("client_id", "")))
    await idp.interactions.take(interaction_id)
    await used_up(idp, pending.request_uri)
    unmet = UnmetAuthenticationRequirements("The person did not set up what is asked for.")
    return to_client(request, target, response.failure(unmet, target, issuer=idp.issuer))


async def _complete(request: Request, interaction_id: str, pending: Interaction, amr: tuple[str, ...]) -> Response:
    account = await of(request).accounts.get(pending.half_sub)
    if account is None or pending.half_at is None or not account.honours(pending.half_at):
        # Stopped, or its password changed, between the two steps.
        return await keep(request, interaction_id, replace(pending, half_sub="", half_at=None))
    return await signed_in(request, interaction_id, pending, account, amr)


async def _refused(
    request: Request, interaction_id: str, pending: Interaction, step: Step | None, live: Live, refusal: FactorRefusal
) -> Response:
    idp = of(request)
    try:
        frame = await framed(request, pending)
    except OAuthError:
        return see_other(address(idp, interaction_id))  # which answers the client
    if step is None:
        is_step_up = live is not None and frame.asked is not None and missing(frame.asked, *live, pending) is not None
        step = Step.SECOND_FACTOR if is_step_up else Step.SIGN_IN
    answer = await page_for(
        request, step, frame, (interaction_id, pending), live=live,
        error=idp.pages.say(request, FACTOR_REFUSALS[refusal], ui_locales=frame.ui_locales),
        status=FACTOR_REFUSAL_STATUS[refusal],
    )  # fmt: skip
    if refusal is FactorRefusal.THROTTLED:
        answer.headers["retry-after"] = "900"
    return answer
