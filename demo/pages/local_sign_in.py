"""A department's own sign-in, for systems that do not know OneWindow's protocols yet: name, password, and its whims."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from demo.pages.department import LocalAccount, LocalSignOn
from demo.pages.rendering import Page, Renderer
from demo.pages.sessions import SessionStore, session_of

_ACCOUNT = "account"
_CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Page):
    """The sign-in page; `code` is what the old system draws as a picture, empty where it asks for none."""

    template: str = "sign_in.html"
    sign_on: LocalSignOn
    code: str
    username: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


class LocalSignIn:
    """The handlers of one system with accounts of its own."""

    def __init__(self, sign_on: LocalSignOn, renderer: Renderer, sessions: SessionStore) -> None:
        self._sign_on, self._renderer, self._sessions = sign_on, renderer, sessions
        self._accounts = {account.username: account for account in sign_on.accounts}

    def routes(self) -> list[Route]:
        return [
            Route("/login", self.page, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/logout", self.logout, methods=["POST"]),
        ]

    def who(self, request: Request) -> LocalAccount | None:
        """Return who is signed in on this browser."""
        return self._accounts.get(str(session_of(request).get(_ACCOUNT, "")))

    async def page(self, request: Request) -> Response:
        if self.who(request) is not None:
            return RedirectResponse("/", 303)
        return self._renderer.answer(self._blank(request))

    async def sign_in(self, request: Request) -> Response:
        async with request.form() as form:
            typed = {name: value for name, value in form.items() if isinstance(value, str)}
        if errors := self._errors(request, typed):
            page = self._blank(request, username=typed.get("username", ""), errors=errors, status=422)
            return self._renderer.answer(page)
        username = typed["username"].strip()
        if self._sign_on.once_per_account:
            self._sessions.drop_where(lambda held: held.get(_ACCOUNT) == username)
        session = session_of(request)
        session.clear()
        session[_ACCOUNT] = username
        session.renewed = True
        return RedirectResponse("/", 303)

    async def logout(self, request: Request) -> Response:
        session_of(request).clear()
        return RedirectResponse("/login", 303)

    def _blank(
        self, request: Request, *, username: str = "", errors: Mapping[str, str] | None = None, status: int = 200
    ) -> SignIn:
        code = f"{secrets.randbelow(10_000):04d}" if self._sign_on.asks_code else ""
        if code:
            session_of(request)[_CODE] = code
        return SignIn(
            frame=self._renderer.frame(),
            status=status,
            sign_on=self._sign_on,
            code=code,
            username=username,
            errors=errors or {},
        )

    def _errors(self, request: Request, typed: Mapping[str, str]) -> dict[str, str]:
        errors: dict[str, str] = {}
        is_known = typed.get("username", "").strip() in self._accounts
        if not (_is(typed.get("password", ""), self._sign_on.password) and is_known):
            errors["password"] = "账号或口令不正确，请重新输入。"  # noqa: S105 - a sentence
        if self._sign_on.ukey_pin and not _is(typed.get("ukey_pin", ""), self._sign_on.ukey_pin):
            errors["ukey_pin"] = "UKey PIN 不正确，请确认 UKey 已插好后重新输入。"
        # The code is spent by this attempt, right or wrong.
        drawn = session_of(request).pop(_CODE, "")
        if self._sign_on.asks_code and not (drawn and _is(typed.get("code", "").strip(), drawn)):
            errors["code"] = "验证码不正确或已失效，请按新的验证码输入。"
        return errors


def _is(typed: str, right: str) -> bool:
    return hmac.compare_digest(typed.encode(), right.encode())
