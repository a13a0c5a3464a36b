"""Signing in: /sign-in, /sign-in/callback, and the language switch."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.language import LANGUAGES
from config.logs import get
from portal import words
from portal.guards import local_path, read_form
from portal.problems import problem_page
from portal.refusals import NotUnderstood
from portal.relying_party import NoSuchSignIn, ProviderUnreachable, SignedIn, SignInRefused
from portal.sessions import BROWSER_LIVES
from portal.state import person_of, portal_of
from portal.words import _

_log = get("portal.sign_in")


async def sign_in(request: Request) -> Response:
    """Send the browser to the identity provider; who is signed in already goes where they wanted."""
    portal = portal_of(request)
    next_path = local_path(request.query_params.get("next"))
    if person_of(request):
        return RedirectResponse(next_path, status_code=303)
    response = RedirectResponse("/", status_code=303)
    browser = portal.cookies.browser_of(request, response)
    try:
        address = await portal.relying_party.begin(
            request, browser=browser, next_path=next_path, ui_locales=words.language()
        )
    except ProviderUnreachable:
        return _unreachable(request)
    response.headers["location"] = address
    return response


async def callback(request: Request) -> Response:
    """Take the provider's answer; a session begins under a new id."""
    portal = portal_of(request)
    browser = portal.cookies.read(request, portal.cookies.browser) or ""
    try:
        signed_in = await portal.relying_party.complete(request, browser=browser)
    except NoSuchSignIn:
        # The other tab finished first, or the page was reloaded: nothing is wrong for someone signed in.
        if person_of(request):
            return RedirectResponse("/", status_code=303)
        _log.warning("sign_in_unknown_state")
        return problem_page(request, 400, _("登录已超时或已使用过。请重新登录。"))
    except SignInRefused as error:
        _log.warning("sign_in_refused", error=error.error)
        status = 403 if error.error == "access_denied" else 400
        return problem_page(request, status, _refusal_words(error.error))
    except ProviderUnreachable:
        return _unreachable(request)
    return await _begin_session(request, signed_in)


async def choose_language(request: Request) -> Response:
    """Keep the language for this browser and go back to the page."""
    form = await read_form(request, max_fields=10)
    chosen = form.get("language")
    if chosen not in LANGUAGES:
        raise NotUnderstood
    portal = portal_of(request)
    response = RedirectResponse(local_path(str(form.get("next") or "/")), status_code=303)
    portal.cookies.give(response, portal.cookies.language, str(chosen), lives=BROWSER_LIVES * 60)
    return response


async def _begin_session(request: Request, signed_in: SignedIn) -> Response:
    portal = portal_of(request)
    old = portal.cookies.read(request, portal.cookies.session)
    if old:
        await portal.sessions.end(old)
    sid = await portal.sessions.begin(
        signed_in.person, id_token=signed_in.id_token, sign_on=signed_in.sign_on, redeemed_at=signed_in.redeemed_at
    )
    _log.info("signed_in", sub=signed_in.person.sub, unit=signed_in.person.unit)
    response = RedirectResponse(signed_in.next_path, status_code=303)
    portal.cookies.give(response, portal.cookies.session, sid)
    if signed_in.person.locale in LANGUAGES:
        portal.cookies.give(response, portal.cookies.language, signed_in.person.locale, lives=BROWSER_LIVES * 60)
    return response


def _refusal_words(error: str) -> str:
    if error == "access_denied":
        return _("登录已取消，或您的账号没有使用综合窗口的岗位。如需使用，请联系管理员。")
    return _("登录没有完成。请重新登录；如果仍不成功，请联系管理员。")


def _unreachable(request: Request) -> Response:
    _log.error("provider_unreachable")
    return problem_page(request, 503, _("统一身份认证暂时没有响应，请稍后再登录。"))


routes: list[BaseRoute] = [
    Route("/sign-in", sign_in, name="sign_in"),
    Route("/sign-in/callback", callback, name="sign_in_callback"),
    Route("/language", choose_language, methods=["POST"], name="language"),
]
