"""Middleware of the portal's pages: finds the session and the language before a handler runs."""

from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from config.language import Catalogue, Language, negotiate
from portal import words
from portal.problems import problem_page
from portal.sessions import Cookies, Sessions


class Visit:
    """Puts `portal_session` into the scope and sets the language.

    The language cookie is set from the account at sign-in and by the switch in the header, so the last
    deliberate choice holds; without a cookie Accept-Language decides.
    """

    def __init__(self, app: ASGIApp, *, cookies: Cookies, catalogues: dict[Language, Catalogue]) -> None:
        self._app = app
        self._cookies = cookies
        self._catalogues = catalogues

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(("/static/", "/api/", "/callbacks/")):
            connection = HTTPConnection(scope)
            chosen = self._cookies.read(connection, self._cookies.language)
            words.speak(self._catalogues[negotiate(connection.headers.get("accept-language"), chosen)])
            sid = self._cookies.read(connection, self._cookies.session)
            sessions: Sessions = connection.state.portal.sessions
            scope["portal_session"] = await sessions.find(sid) if sid else None
            if "\0" in scope["path"]:  # no address of ours has one, and PostgreSQL refuses to look for it
                await problem_page(Request(scope, receive), 404)(scope, receive, send)
                return
        await self._app(scope, receive, send)
