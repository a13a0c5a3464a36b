"""Server-side sessions of one system: the cookie holds an opaque id, everything else stays in this process."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from config.asgi.types import App, Message, Receive, Scope, Send, header
from config.clock import Clock

_MOST = 2_000
"""Sessions kept at once; the oldest go first, so that a flood of visitors can't fill the memory."""


class BrowserSession(dict[str, Any]):
    """What one browser told or was told; `renewed` asks for a new id, so that nobody can wait in it beforehand."""

    renewed = False


class SessionStore:
    """Sessions by id, forgotten after `idle` without a request."""

    def __init__(self, *, clock: Clock, idle: timedelta) -> None:
        self._clock, self._idle = clock, idle
        self._kept: dict[str, tuple[datetime, BrowserSession]] = {}

    def get(self, sid: str) -> BrowserSession | None:
        """Return the session and count the request as activity; None when it is unknown or was idle too long."""
        found = self._kept.pop(sid, None)
        if found is None or found[0] < self._clock():
            return None
        self._keep(sid, found[1])
        return found[1]

    def add(self, session: BrowserSession) -> str:
        """Keep a session and return its new id."""
        sid = secrets.token_urlsafe(32)
        self._keep(sid, session)
        while len(self._kept) > _MOST:
            self._kept.pop(next(iter(self._kept)))
        return sid

    def drop(self, sid: str) -> None:
        self._kept.pop(sid, None)

    def drop_where(self, holds: Callable[[Mapping[str, Any]], bool]) -> None:
        """End every session that fits: the system that lets an account in once only."""
        for sid in [sid for sid, (_, session) in self._kept.items() if holds(session)]:
            self.drop(sid)

    def _keep(self, sid: str, session: BrowserSession) -> None:
        self._kept[sid] = (self._clock() + self._idle, session)


class Sessions:
    """Gives each request its `session` and tells the browser its id.

    Cookies know no ports: every system on this address has a cookie name of its own.
    """

    def __init__(self, app: App, *, store: SessionStore, cookie: str) -> None:
        self._app, self._store, self._cookie = app, store, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sid = _cookie(scope, self._cookie)
        session = self._store.get(sid) if sid else None
        scope["session"] = session if session is not None else BrowserSession()

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._settle(scope["session"], sid if session is not None else "", MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _settle(self, session: BrowserSession, sid: str, headers: MutableHeaders) -> None:
        if not session:
            if sid:
                self._store.drop(sid)
                headers.append("set-cookie", f"{self._cookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
        elif not sid or session.renewed:
            self._store.drop(sid)
            session.renewed = False
            headers.append("set-cookie", f"{self._cookie}={self._store.add(session)}; Path=/; HttpOnly; SameSite=Lax")


def session_of(request: Request) -> BrowserSession:
    """Return the request's session."""
    session: BrowserSession = request.scope["session"]
    return session


def _cookie(scope: Scope, name: str) -> str:
    try:
        morsel = SimpleCookie(header(scope, b"cookie") or "").get(name)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""
