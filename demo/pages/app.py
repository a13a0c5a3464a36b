"""Wires one department's pages: sessions, sign-in and home by what its entry says."""

from collections.abc import Sequence
from datetime import timedelta

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from config.asgi.body_limit import BodyLimit
from config.asgi.origin import OriginCheck
from config.asgi.security_headers import SecurityHeaders
from demo.desk.entry_form import ENTRY_FORMS
from demo.ground.context import SystemContext
from demo.ground.hours import Hours
from demo.pages.counter_page import CounterPages
from demo.pages.department import ACR_WANTED, LOCAL
from demo.pages.local_sign_in import LocalSignIn
from demo.pages.relying_party import make_relying_party
from demo.pages.rendering import STATIC, Renderer, origin_of
from demo.pages.sessions import Sessions, SessionStore
from demo.pages.sign_on import SignOn

_LONGEST_BODY = 64 * 1024
_OIDC_IDLE = timedelta(hours=8)


def create_pages(
    context: SystemContext,
    hours: Hours,
    *,
    own_address: str,
    issuer: str,
    client_secret: str = "",
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
    """Return the pages of one system; `client_secret` is needed where its entry says oidc.

    `transport` answers the back channel to the provider in place of the network.
    """
    if context.entry.sso == "oidc":
        sessions = SessionStore(clock=context.clock, idle=_OIDC_IDLE)
        party = make_relying_party(
            context.id,
            issuer=issuer,
            client_secret=client_secret,
            own_address=own_address,
            acr_values=ACR_WANTED.get(context.id, ""),
            transport=transport,
        )
        # Signing out is a form that the answer sends on to the provider: Chromium asks form-action for that hop too.
        renderer = Renderer(context, hours, form_targets=(origin_of(issuer),))
        routes: Sequence[BaseRoute] = SignOn(context, renderer, party, sessions).routes()
    else:
        sign_on = LOCAL[context.id]
        sessions = SessionStore(clock=context.clock, idle=sign_on.idle)
        renderer = Renderer(context, hours)
        sign_in = LocalSignIn(sign_on, renderer, sessions)
        counter = CounterPages(context, renderer, sign_in, ENTRY_FORMS.get(context.id))
        routes = [*sign_in.routes(), *counter.routes()]
    return Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[
            Middleware(SecurityHeaders, https=False),
            Middleware(BodyLimit, at_most=_LONGEST_BODY),
            Middleware(OriginCheck, own=origin_of(own_address)),
            Middleware(Sessions, store=sessions, cookie=f"sim_{context.id}"),
        ],
    )
