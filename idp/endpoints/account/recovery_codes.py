"""/account/recovery-codes: how many are left, and ten new ones, shown once."""

from datetime import timedelta
from secrets import token_urlsafe
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.account.pages import RecoveryCodesPage
from idp.endpoints.account.visitor import Visitor, moment, onward, own_form, own_page
from idp.endpoints.answers import see_other

_FORM_LIVES: Final = timedelta(hours=12)


@own_page("/recovery-codes", fresh=True)
async def recovery_codes(request: Request, visitor: Visitor) -> Response:
    """Tell how many codes are left; the codes themselves are nowhere."""
    return await _page(request, visitor, ())


@own_page("/recovery-codes", fresh=True)
async def renew(request: Request, visitor: Visitor) -> Response:
    """Make ten new codes in place of the old ones; a page sent twice makes them once."""
    idp, form = visitor.idp, await own_form(request, visitor)
    once = form.get("once", "")
    is_first = len(once) == 22 and await idp.attempts.first_use("recovery-form", f"{visitor.sub} {once}", _FORM_LIVES)
    if not visitor.factors.any or not is_first:
        return see_other(visitor.page("/recovery-codes"))
    codes = await idp.second_factors.new_recovery_codes(visitor.sub, visitor.session.sid, at=visitor.at)
    return await _page(request, visitor, codes)


async def _page(request: Request, visitor: Visitor, codes: tuple[str, ...]) -> Response:
    made = await visitor.idp.second_factors.recovery_codes.made_at(visitor.sub)
    page = RecoveryCodesPage(
        form_token=visitor.form_token, once=token_urlsafe(16), codes=codes,
        left=len(codes) or visitor.factors.recovery_codes, made=moment(made), has_factor=visitor.factors.any,
        onward=onward(request),
    )  # fmt: skip
    return visitor.idp.pages.render(request, page)
