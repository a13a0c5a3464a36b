"""Who looks at the pages of an account: their session, fresh where it has to be, and their forms."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from config.clock import SHANGHAI
from idp.endpoints import cookies
from idp.endpoints.account_sign_in import begin
from idp.endpoints.answers import see_other
from idp.endpoints.parsing import page_form
from idp.endpoints.state import IdpState, of
from idp.protocol.account import Account
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.factors import Factors, is_fresh
from idp.protocol.parameters import Parameters
from idp.protocol.session import Session

_INTERACTION: Final = re.compile(r"\A[A-Za-z0-9_-]{32}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody with a session of this browser, at one moment."""

    idp: IdpState
    session: Session
    account: Account
    factors: Factors
    at: datetime
    form_token: str

    @property
    def sub(self) -> str:
        """The account's sub."""
        return self.account.sub

    def page(self, name: str) -> str:
        """Return the address of an account page."""
        return f"{self.idp.issuer}/account{name}"


Handler = Callable[[Request, Visitor], Awaitable[Response]]


def own_page(page: str, *, fresh: bool = False) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """Let a handler see its visitor; who isn't signed in (freshly enough) signs in first and comes back to `page`."""

    def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        @wraps(handler)
        async def guard(request: Request) -> Response:
            found = await visitor_of(request)
            if found is None or (fresh and not is_fresh(found.session, found.factors, at=found.at)):
                return await begin(request, f"/account{page}{_repeated(request)}")
            return await handler(request, found)

        return guard

    return guarded


async def own_form(request: Request, visitor: Visitor) -> Parameters:
    """Return the fields of a form of these pages, made for this session.

    Raises:
        NotRedirectable: it is none of ours, or the session has changed since.
    """
    form = await page_form(request)
    if not cookies.is_form_token(visitor.idp, form.get("form_token", ""), *bound_to(request, visitor.idp)):
        raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
    return form


def onward(request: Request, form: Parameters | None = None) -> str:
    """Return the id of the sign-in that sent the person here to set something up; "" when there is none."""
    asked = (request.query_params if form is None else form).get("continue", "")
    return asked if _INTERACTION.match(asked) else ""


def done(visitor: Visitor, page: str, word: str) -> Response:
    """Go back to a page that tells what was done."""
    return see_other(f"{visitor.page(page)}?done={quote(word)}")


def moment(at: datetime | None) -> str:
    """Return a time as people here read it; "" for none."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if at else ""


async def visitor_of(request: Request) -> Visitor | None:
    """Return who has a live session in this browser, or None."""
    idp = of(request)
    at = idp.clock()
    live = await idp.sessions.read(cookies.session(request, idp), at=at)
    if live is None:
        return None
    return Visitor(
        idp=idp, session=live[0], account=live[1], factors=await idp.second_factors.of(live[1].sub), at=at,
        form_token=cookies.form_token(idp, *bound_to(request, idp)),
    )  # fmt: skip


def bound_to(request: Request, idp: IdpState) -> tuple[str, str]:
    """Return what the form tokens of these pages hold for: this session under its present secret."""
    return "account", cookies.session(request, idp) or ""


def _repeated(request: Request) -> str:
    asked = onward(request)
    return f"?continue={asked}" if asked else ""
