"""Who looks at the pages of administrators, and whether the sign-in is fresh enough for a change."""

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.account.visitor import Visitor, visitor_of
from idp.endpoints.account_sign_in import begin
from idp.endpoints.admin.words import NOT_FOR_YOU
from idp.endpoints.rendering import StoppedPage
from idp.endpoints.state import of
from idp.protocol.account import Account
from idp.protocol.administration import is_administrator
from idp.protocol.factors import is_fresh

Handler = Callable[[Request, Visitor], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def admin_page(
    *, fresh: bool = False, may: Callable[[Account], bool] = is_administrator
) -> Callable[[Handler], Endpoint]:
    """Let a handler see its visitor: signed in (freshly enough), and somebody who `may` be here."""

    def guarded(handler: Handler) -> Endpoint:
        @wraps(handler)
        async def guard(request: Request) -> Response:
            visitor = await visitor_of(request)
            if visitor is None or (fresh and not is_fresh_enough(visitor)):
                return await begin(request, _here(request))
            if not may(visitor.account):
                return not_for_you(request)
            return await handler(request, visitor)

        return guard

    return guarded


def is_fresh_enough(visitor: Visitor) -> bool:
    """Tell whether this sign-in may change other people's accounts."""
    return is_fresh(visitor.session, visitor.factors, at=visitor.at)


def not_for_you(request: Request) -> Response:
    """Say that this is not for this person; what lies outside a region looks the same as what isn't there."""
    idp = of(request)
    title, message = (idp.pages.say(request, sentence) for sentence in NOT_FOR_YOU)
    return idp.pages.render(request, StoppedPage(title=title, message=message, home=f"{idp.base_url}/"), status=403)


def _here(request: Request) -> str:
    """Return this page below the issuer; a form that came too late leads back to its page, never to itself."""
    path = request.url.path.removeprefix(urlsplit(of(request).issuer).path)
    query = request.url.query if request.method == "GET" else ""
    return f"{path}?{query}" if query else path
