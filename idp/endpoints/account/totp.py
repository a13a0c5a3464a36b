"""/account/totp: one-time codes, set up with a picture or a key as text and confirmed by a code."""

from secrets import token_urlsafe

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints import cookies
from idp.endpoints.account.overview import notice
from idp.endpoints.account.pages import RecoveryCodesPage, TotpPage
from idp.endpoints.account.visitor import Visitor, done, onward, own_form, own_page
from idp.endpoints.answers import see_other
from idp.endpoints.words import FACTOR_REFUSAL_STATUS, FACTOR_REFUSALS
from idp.protocol import totp as rules
from idp.protocol.acr import AMR_ONE_TIME_CODE
from idp.second_factor import FactorRefusal

_ISSUER_NAME = "OneWindow"


@own_page("/totp", fresh=True)
async def totp(request: Request, visitor: Visitor) -> Response:
    """Show the key to set up, or that codes are on."""
    return await _page(request, visitor, onward(request))


@own_page("/totp", fresh=True)
async def confirm(request: Request, visitor: Visitor) -> Response:
    """Keep the key once a code of it was typed; the first factor comes with recovery codes."""
    idp, form = visitor.idp, await own_form(request, visitor)
    if visitor.factors.totp:
        return see_other(visitor.page("/totp"))
    refused = await idp.second_factors.confirm_totp(
        visitor.sub, visitor.session.sid, form.get("code", ""), at=visitor.at
    )
    if refused is not None:
        return await _page(request, visitor, onward(request, form), refused)
    cookie = await idp.sessions.strengthen(visitor.session, AMR_ONE_TIME_CODE, at=visitor.at)
    if visitor.factors.recovery_codes:
        answer = done(visitor, "/totp", "totp")
    else:
        answer = await first_recovery_codes(request, visitor, cookie or "", onward(request, form))
    if cookie is not None:
        cookies.set_session(answer, idp, cookie)
    return answer


@own_page("/totp", fresh=True)
async def remove(request: Request, visitor: Visitor) -> Response:
    """Switch codes off."""
    await own_form(request, visitor)
    await visitor.idp.second_factors.remove_totp(visitor.sub, visitor.session.sid, at=visitor.at)
    return done(visitor, "/totp", "totp-removed")


async def first_recovery_codes(request: Request, visitor: Visitor, cookie: str, goes_on: str) -> Response:
    """Make recovery codes for who has just set up a first factor, and show them this once."""
    idp = visitor.idp
    codes = await idp.second_factors.new_recovery_codes(visitor.sub, visitor.session.sid, at=visitor.at)
    page = RecoveryCodesPage(
        form_token=cookies.form_token(idp, "account", cookie) if cookie else visitor.form_token,
        once=token_urlsafe(16), codes=codes, left=len(codes), made="", has_factor=True, onward=goes_on,
    )  # fmt: skip
    return idp.pages.render(request, page)


async def _page(request: Request, visitor: Visitor, goes_on: str, refused: FactorRefusal | None = None) -> Response:
    idp = visitor.idp
    secret = "" if visitor.factors.totp else await idp.second_factors.begin_totp(visitor.session.sid)
    page = TotpPage(
        form_token=visitor.form_token, enabled=visitor.factors.totp, key=rules.grouped(secret),
        qr=_qr(rules.provisioning_uri(secret, username=visitor.account.username, issuer_name=_ISSUER_NAME))
        if secret else Markup(),
        error=idp.pages.say(request, FACTOR_REFUSALS[refused]) if refused else "", onward=goes_on,
        notice=notice(request, visitor),
    )  # fmt: skip
    return idp.pages.render(request, page, status=FACTOR_REFUSAL_STATUS[refused] if refused else 200)


def _qr(uri: str) -> Markup:
    # Made by segno from digits of its own; the uri goes into the picture, not into the text.
    return Markup(segno.make(uri, error="m").svg_inline(omitsize=True, border=4, light="#fff", svgclass="qr"))  # noqa: S704
