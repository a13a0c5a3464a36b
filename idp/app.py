"""The provider's web app: its routes over what `idp.wiring` puts together, and its lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import TypedDict

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.middleware import Middleware

from config.asgi.fault_barrier import FaultBarrier
from config.clock import Clock
from config.egress import EgressClient
from config.settings import Settings
from config.state import StateStore
from idp import keys as key_use
from idp.endpoints.answers import not_audited, oauth_error, stopped
from idp.endpoints.state import IdpState
from idp.endpoints.straight import Straight
from idp.protocol.audit import AuditUnavailable
from idp.protocol.errors import NotRedirectable, OAuthError
from idp.routes import larger_bodies, open_paths, provider_routes, root_routes
from idp.wiring.provider import Wired, wire

__all__ = ["Wired", "create_app", "larger_bodies", "open_paths", "root_routes", "wire"]


class Lifespan(TypedDict):
    """What the lifespan yields to handlers."""

    idp: IdpState


def create_app(
    *,
    settings: Settings,
    engine: AsyncEngine,
    state: StateStore,
    clock: Clock,
    egress: EgressClient | None = None,
    background: bool = True,
) -> Starlette:
    """Return the provider's app, to be mounted at the issuer's path with its lifespan entered.

    `egress` stands in for the network in tests, which may also leave the background out and run it by hand.
    """
    wired = wire(settings=settings, engine=engine, state=state, clock=clock, egress=egress)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Lifespan]:
        await key_use.ensure(wired.state.key_store, at=clock())
        following = asyncio.create_task(wired.stores.caches.follow(), name="idp-caches")
        try:
            async with wired.background.running() if background else nullcontext():
                yield {"idp": wired.state}
        finally:
            await wired.state.people.imports.aclose()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    app = Straight(
        routes=provider_routes(settings, wired.static),
        middleware=[Middleware(FaultBarrier)],
        lifespan=lifespan,
        exception_handlers={OAuthError: oauth_error, NotRedirectable: stopped, AuditUnavailable: not_audited},
    )
    app.state.background = wired.background  # tests run it by hand
    return app
