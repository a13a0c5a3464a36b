"""/invitation and /recovery: the two ways in without a password, each used up by setting one.

What the link carries goes into a cookie at once, so that the secret does not stay in the address and in the history;
looking at a link, as mail scanners do, uses nothing up.
"""

from secrets import token_urlsafe

from starlette.requests import Request
from starlette.responses import Response

from idp.counter_recovery import Denied
from idp.endpoints import cookies
from idp.endpoints.admin.pages import InvitationPage, RecoverPage, WelcomePage
from idp.endpoints.admin.words import DENIED
from idp.endpoints.answers import see_other
from idp.endpoints.parsing import page_form
from idp.endpoints.rendering import StoppedPage
from idp.endpoints.state import IdpState, of
from idp.endpoints.words import PASSWORD_FAULTS, _
from idp.protocol.account import Account
from idp.protocol.acr import AMR_PASSWORD, acr_of
from idp.protocol.audit import AuditKind
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.invitation import is_token
from idp.protocol.parameters import Parameters
from idp.protocol.password_rules import PasswordFault

_GONE = (
    _("邀请链接已失效"),
    _("链接已使用、已过期，或管理员已发出新的邀请。如已设置过密码，请直接登录；否则请联系本单位管理员重新发送。"),
)
_DENIED_STATUS = {Denied.MISSING: 422, Denied.WRONG: 422, Denied.THROTTLED: 429}


async def invitation(request: Request) -> Response:
    """Take the link's secret out of the address, then ask for the first password."""
    idp = of(request)
    token = request.query_params.get("t", "")
    if token:
        answer = see_other(f"{idp.issuer}/invitation")
        if is_token(token):
            cookies.set_invitation(answer, idp, token)
        return answer
    token = cookies.invitation(request, idp)
    account = await idp.people.invitations.invited(token, at=idp.clock())
    return _gone(request) if account is None else _invitation(request, idp, account, token)


async def accept_invitation(request: Request) -> Response:
    """Set the first password; the link is used up, and the person is signed in."""
    idp = of(request)
    form, token, at = await page_form(request), cookies.invitation(request, idp), idp.clock()
    if not cookies.is_form_token(idp, form.get("form_token", ""), "invitation", token):
        raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
    outcome = await idp.people.invitations.accept(token, form.get("password", ""), form.get("again", ""), at=at)
    if isinstance(outcome, PasswordFault):
        account = await idp.people.invitations.invited(token, at=at)
        return _gone(request) if account is None else _invitation(request, idp, account, token, outcome)
    if outcome is None:
        return _gone(request)
    answer = await _sign_in(request, outcome)
    cookies.drop_invitation(answer, idp)
    return answer


async def recovery(request: Request) -> Response:
    """Ask for the code of two halves and a new password."""
    idp = of(request)
    answer = _recovery(request, idp, {}, browser := cookies.browser(request, idp) or token_urlsafe(32))
    cookies.set_browser(answer, idp, browser)
    return answer


async def recover(request: Request) -> Response:
    """Set the new password; every second factor of before is gone, and the person is signed in."""
    idp = of(request)
    form, browser = await page_form(request), cookies.browser(request, idp) or ""
    if not browser or not cookies.is_form_token(idp, form.get("form_token", ""), "recovery", browser):
        raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
    outcome = await idp.people.recoveries.use(
        form.get("username", ""), form.get("first", ""), form.get("second", ""), form.get("password", ""),
        form.get("again", ""), address=request.client.host if request.client else "", at=idp.clock(),
    )  # fmt: skip
    if isinstance(outcome, Account):
        return await _sign_in(request, outcome)
    answer = _recovery(request, idp, form, browser, outcome)
    if outcome is Denied.THROTTLED:
        answer.headers["retry-after"] = "900"
    return answer


async def welcome(request: Request) -> Response:
    """Offer a second factor to who has just set a password."""
    idp = of(request)
    live = await idp.sessions.read(cookies.session(request, idp), at=idp.clock())
    if live is None:
        return see_other(f"{idp.base_url}/")
    page = WelcomePage(
        name=live[1].name, passkeys_available=idp.second_factors.site.available, home=f"{idp.base_url}/"
    )  # fmt: skip
    return idp.pages.render(request, page)


async def _sign_in(request: Request, account: Account) -> Response:
    idp, at = of(request), of(request).clock()
    cookie = await idp.sessions.start(account, cookie=cookies.session(request, idp), at=at, amr=AMR_PASSWORD)
    detail = {"acr": acr_of(AMR_PASSWORD), "amr": list(AMR_PASSWORD)}
    await idp.audit.write(AuditKind.SIGN_IN, sub=account.sub, sid=cookie.partition(".")[0], detail=detail, at=at)
    answer = see_other(f"{idp.issuer}/welcome")
    cookies.set_session(answer, idp, cookie)
    cookies.set_known_browser(answer, idp, account.username)
    return answer


def _invitation(
    request: Request, idp: IdpState, account: Account, token: str, fault: PasswordFault | None = None
) -> Response:
    page = InvitationPage(
        form_token=cookies.form_token(idp, "invitation", token), name=account.name, username=account.username,
        error=idp.pages.say(request, PASSWORD_FAULTS[fault]) if fault else "", field=_field(fault),
    )  # fmt: skip
    return idp.pages.render(request, page, status=422 if fault else 200)


def _recovery(
    request: Request, idp: IdpState, form: Parameters, browser: str, refused: Denied | PasswordFault | None = None
) -> Response:
    error, status = "", 200
    if isinstance(refused, Denied):
        error, status = idp.pages.say(request, DENIED[refused]), _DENIED_STATUS[refused]
    elif refused is not None:
        error, status = idp.pages.say(request, PASSWORD_FAULTS[refused]), 422
    page = RecoverPage(
        form_token=cookies.form_token(idp, "recovery", browser), username=form.get("username", "")[:64],
        first=form.get("first", "")[:20], second=form.get("second", "")[:20], error=error,
        field=_field(refused) if isinstance(refused, PasswordFault) else "code" if refused else "",
    )  # fmt: skip
    return idp.pages.render(request, page, status=status)


def _field(fault: PasswordFault | None) -> str:
    if fault is None:
        return ""
    return "again" if fault is PasswordFault.DIFFERENT else "password"


def _gone(request: Request) -> Response:
    idp = of(request)
    title, message = (idp.pages.say(request, sentence) for sentence in _GONE)
    return idp.pages.render(request, StoppedPage(title=title, message=message, home=f"{idp.base_url}/"), status=410)
