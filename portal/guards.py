"""Guards of handlers: who must be signed in, and that a form came from one of our pages."""

import re
from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import quote, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.people import Person
from portal.refusals import NotAllowed, NotUnderstood
from portal.rendering import is_htmx
from portal.state import person_of, portal_of, session_of
from portal.words import _

Handler = Callable[[Request], Awaitable[Response]]
MOST_FIELDS = 4000
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
PersonalHandler = Callable[[Request, Person], Awaitable[Response]]


def signed_in(handler: PersonalHandler) -> Handler:
    """Give the handler the person; send a visitor to sign in and back here."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        person = person_of(request)
        if person is None:
            return to_sign_in(request)
        return await handler(request, person)

    return guarded


def to_sign_in(request: Request, place: str = "") -> Response:
    """Send the browser to sign in; afterwards it comes back to the page it was on, never to a form's address."""
    target = f"/sign-in?next={quote(place or _page_of(request))}"
    if is_htmx(request):
        return Response(status_code=401, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=303)


def local_path(value: str | None) -> str:
    """Return `value` if it is a path of this site, else the home page; no way out to another site."""
    if not value or not value.startswith("/") or value.startswith(("//", "/\\")) or len(value) > 500:
        return "/"
    parts = urlsplit(value)
    if parts.scheme or parts.netloc or any(ord(c) < 0x20 or c == "\\" for c in value):
        return "/"
    return value


async def read_form(request: Request, *, max_files: int = 0, max_fields: int = MOST_FIELDS) -> FormData:
    """Read the posted form; what no database keeps (NUL, half a surrogate pair) stands there as U+FFFD.

    Raises:
        NotUnderstood: its charset is none.
    """
    try:
        form = await request.form(max_files=max_files, max_fields=max_fields)
    except UnicodeError:
        raise NotUnderstood from None
    return FormData(
        [(_keepable(name), _keepable(value) if isinstance(value, str) else value) for name, value in form.multi_items()]
    )


def _keepable(text: str) -> str:
    return _UNKEEPABLE.sub("\ufffd", text)


async def checked_form(request: Request, *, max_files: int = 0) -> FormData:
    """Read the posted form and check its token.

    Raises:
        NotAllowed: the token is not the session's; nothing was done.
        NotUnderstood: see `read_form`.
    """
    form = await read_form(request, max_files=max_files)
    session = session_of(request)
    given = request.headers.get("x-csrf-token") or form.get("csrf_token")
    if session is None or not isinstance(given, str) or not session.accepts(given):
        raise NotAllowed(_("页面已过期或不是从本系统打开的。请返回上一页，刷新后重新提交。"))
    return form


def _page_of(request: Request) -> str:
    if request.method == "GET" and not is_htmx(request):
        query = request.url.query
        return local_path(f"{request.url.path}?{query}" if query else request.url.path)
    seen = request.headers.get("hx-current-url") or request.headers.get("referer") or ""
    parts = urlsplit(seen)
    return local_path(parts.path) if parts.netloc == request.url.netloc else "/"


def parking(handler: PersonalHandler, *, suffix: str = "") -> Handler:
    """Like `signed_in`, and what a visitor posts is parked for the page it came from (the path without `suffix`)."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        person = person_of(request)
        if person is not None:
            return await handler(request, person)
        portal = portal_of(request)
        place = request.url.path.removesuffix(suffix)
        browser = portal.cookies.read(request, portal.cookies.browser)
        if browser:
            form = await read_form(request)
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            await portal.parked.keep(browser=browser, place=place, pairs=pairs)
        return to_sign_in(request, place)

    return guarded
