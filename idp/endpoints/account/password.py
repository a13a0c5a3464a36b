"""/account/password: a new password, for who knows the present one; everything begun with it ends but this browser."""

import hmac

from starlette.requests import Request
from starlette.responses import Response

from idp import accounts
from idp.endpoints import cookies
from idp.endpoints.account.pages import PasswordPage
from idp.endpoints.account.visitor import Visitor, done, own_form, own_page
from idp.endpoints.words import PASSWORD_FAULTS, REFUSAL_STATUS, REFUSALS, WRONG_CURRENT_PASSWORD
from idp.protocol.parameters import Parameters
from idp.protocol.password_rules import PasswordFault, fault_of
from idp.protocol.session import Ending
from idp.sign_in import Refusal


@own_page("/password", fresh=True)
async def password(request: Request, visitor: Visitor) -> Response:
    """Ask for the present and the new password."""
    return _page(request, visitor)


@own_page("/password", fresh=True)
async def change(request: Request, visitor: Visitor) -> Response:
    """Set the new password: sessions and grants begun before end, this browser goes on under a new id."""
    idp, form = visitor.idp, await own_form(request, visitor)
    refused = await _refused(request, visitor, form)
    if refused is not None:
        return refused
    # Begun at the very moment before which all is dead, so this session is the one that lives on.
    cookie = await idp.sessions.start(
        visitor.account, cookie=cookies.session(request, idp), at=visitor.at, amr=visitor.session.amr
    )
    await accounts.set_password(
        idp.account_store, idp.passwords, visitor.account.username, form["password"], at=visitor.at, by=visitor.sub
    )
    await idp.sessions.end_all(visitor.sub, Ending.ACCOUNT_CHANGED, at=visitor.at, but=visitor.session.sid)
    answer = done(visitor, "", "password")
    cookies.set_session(answer, idp, cookie)
    return answer


async def _refused(request: Request, visitor: Visitor, form: Parameters) -> Response | None:
    idp, account, fresh = visitor.idp, visitor.account, form.get("password", "")
    fault = fault_of(fresh, username=account.username, name=account.name)
    if fault is None and not hmac.compare_digest(fresh.encode(), form.get("again", "").encode()):
        fault = PasswordFault.DIFFERENT
    if fault is None and fresh == form.get("current", ""):
        fault = PasswordFault.SAME
    if fault is not None:
        field = "again" if fault is PasswordFault.DIFFERENT else "password"
        return _page(request, visitor, error=idp.pages.say(request, PASSWORD_FAULTS[fault]), field=field, status=422)
    outcome = await idp.sign_in.with_password(
        account.username,
        form.get("current", ""),
        address=request.client.host if request.client else "",
        known_browser=cookies.known_browser(request, idp, account.username),
    )
    if not isinstance(outcome, Refusal):
        return None
    wrong = outcome in (Refusal.WRONG, Refusal.MISSING)
    error = WRONG_CURRENT_PASSWORD if wrong else REFUSALS[outcome]
    return _page(
        request, visitor, error=idp.pages.say(request, error), field="current", status=REFUSAL_STATUS[outcome]
    )  # fmt: skip


def _page(request: Request, visitor: Visitor, *, error: str = "", field: str = "", status: int = 200) -> Response:
    page = PasswordPage(
        username=visitor.account.username, form_token=visitor.form_token, error=error, field=field
    )  # fmt: skip
    return visitor.idp.pages.render(request, page, status=status)
