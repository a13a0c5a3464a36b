"""Sign-on by OpenID Connect: `/` shows who came in, `/login` is what a tile opens, `/logout` ends it everywhere.

Where it is ended from elsewhere, `/back-channel-logout` is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from config.logout_token import LogoutToken, LogoutTokenRefused
from config.logs import get
from demo.ground.context import SystemContext
from demo.pages.ledger_page import Line, line_of
from demo.pages.relying_party import ProviderUnreachable, RelyingParty, SignInFailed, Visitor
from demo.pages.rendering import Page, Renderer
from demo.pages.sessions import SessionStore, session_of

_log = get("demo.sign_on")
_VISITOR = "visitor"

_ROLES: Mapping[str, str] = {
    "clerk": "综窗人员",
    "editor": "指南编制",
    "approver": "指南审定",
    "owner": "系统主管",
    "manager": "运行管理",
    "admin": "系统管理员",
}
_REFUSALS: Mapping[str, str] = {
    "access_denied": "您的岗位没有使用本系统的权限，或登录已取消。需要使用时请联系本单位管理员在一窗中授权。",
    "mismatching_state": "登录请求已失效（可能已在另一页面重新登录，或停留过久）。请重新登录。",
}
_LOST = "登录没有完成，返回的信息无法确认。请重新登录；若仍不成功，请报告管理员。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(Page):
    """The page of somebody who came in; `acr_wanted` is empty where the system asks for no level."""

    template: str = "home.html"
    name: str
    unit_name: str
    roles: Sequence[str]
    acr: str
    acr_wanted: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Page):
    """The page of somebody unknown."""

    template: str = "welcome.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(Page):
    """What went wrong, and the one thing to do about it."""

    template: str = "problem.html"
    heading: str
    sentence: str
    retry: str = ""


class SignOn:
    """The handlers of one system that signs people on through OneWindow."""

    def __init__(self, context: SystemContext, renderer: Renderer, party: RelyingParty, sessions: SessionStore) -> None:
        self._context, self._renderer, self._party, self._sessions = context, renderer, party, sessions
        self._heard: dict[str, datetime] = {}  # jti of logout tokens, until they could not be replayed any more

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route("/login", self.login),
            Route("/callback", self.callback),
            Route("/logout", self.logout, methods=["POST"]),
            Route("/back-channel-logout", self.back_channel_logout, methods=["POST"]),
        ]

    async def home(self, request: Request) -> Response:
        visitor = _visitor(request)
        if visitor is None:
            return self._renderer.answer(Welcome(frame=self._renderer.frame()))
        latest = await self._context.store.latest(20)
        page = Home(
            frame=self._renderer.frame(visitor.name),
            name=visitor.name,
            unit_name=visitor.unit_name,
            roles=[_ROLES.get(role, role) for role in visitor.roles],
            acr=visitor.acr,
            acr_wanted=self._party.acr_values,
            lines=[line_of(found, self._context.entry.status_map) for found in latest],
        )
        return self._renderer.answer(page)

    async def login(self, request: Request) -> Response:
        try:
            return await self._party.begin(request)
        except ProviderUnreachable as error:
            return self._unreachable(error)
        except SignInFailed as error:
            return self._failed(error)

    async def callback(self, request: Request) -> Response:
        try:
            visitor = await self._party.finish(request)
        except ProviderUnreachable as error:
            return self._unreachable(error)
        except SignInFailed as error:
            return self._failed(error)
        session = session_of(request)
        session.clear()
        session[_VISITOR] = asdict(visitor)
        session.renewed = True
        return RedirectResponse("/", 303)

    async def logout(self, request: Request) -> Response:
        visitor = _visitor(request)
        session_of(request).clear()
        if visitor is None:
            return RedirectResponse("/", 303)
        try:
            return RedirectResponse(await self._party.end_session_url(visitor.id_token), 303)
        except (ProviderUnreachable, SignInFailed, RuntimeError) as error:
            # Signed out here in any case; only the provider could not be told.
            _log.warning("logout_not_told", system=self._context.id, reason=type(error).__name__)
            return RedirectResponse("/", 303)

    async def back_channel_logout(self, request: Request) -> Response:
        """The provider says that a session is over (OpenID Connect Back-Channel Logout 1.0 §2.5–2.8)."""
        async with request.form(max_files=0, max_fields=10) as form:
            given = str(form.get("logout_token", ""))
        now = self._context.clock()
        try:
            token = await self._party.told_of_logout(given, at=now)
            self._take_once(token, now)
        except LogoutTokenRefused as refused:
            _log.warning("logout_token_refused", system=self._context.id, reason=str(refused))
            return _told("invalid_request", 400)
        except ProviderUnreachable:
            return _told("temporarily_unavailable", 503)
        self._sessions.drop_where(lambda session: _is_of(session, token))
        return _told("", 200)

    def _take_once(self, token: LogoutToken, now: datetime) -> None:
        self._heard = {jti: until for jti, until in self._heard.items() if until > now}
        if token.jti in self._heard:
            raise LogoutTokenRefused("jti used before")
        self._heard[token.jti] = now + token.remember

    def _failed(self, error: SignInFailed) -> Response:
        _log.warning("sign_in_failed", system=self._context.id, reason=error.code)
        page = Problem(
            frame=self._renderer.frame(),
            status=403 if error.code == "access_denied" else 400,
            heading="未能登录",
            sentence=_REFUSALS.get(error.code, _LOST),
            retry="/login" if error.may_retry else "",
        )
        return self._renderer.answer(page)

    def _unreachable(self, error: ProviderUnreachable) -> Response:
        _log.warning("provider_unreachable", system=self._context.id, reason=str(error))
        page = Problem(
            frame=self._renderer.frame(),
            status=503,
            heading="暂时无法登录",
            sentence="一窗统一登录暂时没有应答，请稍后再试。本系统已收到的业务不受影响。",
            retry="/login",
        )
        return self._renderer.answer(page)


def _visitor(request: Request) -> Visitor | None:
    found = session_of(request).get(_VISITOR)
    return Visitor(**found) if found else None


def _is_of(session: Mapping[str, Any], token: LogoutToken) -> bool:
    found = session.get(_VISITOR)
    if not found:
        return False
    return bool(found["sid"] == token.sid) if token.sid else bool(found["sub"] == token.sub)


def _told(error: str, status: int) -> Response:
    return JSONResponse({"error": error} if error else {}, status, headers={"cache-control": "no-store"})
