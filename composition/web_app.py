"""The web app of a process: provider, portal or both behind one shell, with what runs beside them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from composition.beside import Running, running
from composition.part import Part
from config.asgi.prefixed import prefixed
from config.asgi.shell import shell
from config.asgi.types import App
from config.clock import utc_now
from config.settings import Settings
from config.state import StateStore
from idp import app as idp_app

if TYPE_CHECKING:
    from composition.back_channel import BackChannel


async def compose(settings: Settings, engine: AsyncEngine, state: StateStore, *, only: Part | None = None) -> App:
    """Return the web app of this process behind its shell; in a whole one the delivery worker runs beside it.

    What a provider alone does not need is loaded inside: it starts in half the time without.
    """
    routes: list[BaseRoute] = []
    parts: list[Starlette] = []
    beside: list[Running] = []
    larger_bodies: dict[str, int] = {}
    back_channel: BackChannel | None = None
    if only is not Part.PORTAL:
        provider = idp_app.create_app(settings=settings, engine=engine, state=state, clock=utc_now)
        parts.append(provider)
        larger_bodies |= idp_app.larger_bodies(settings)
        routes += [*idp_app.root_routes(settings), Mount(urlsplit(settings.issuer).path, app=provider)]
    if only is None:
        back_channel = _back_channel(routes)
    if only is not Part.IDP:
        from composition.trade import read_trade
        from portal import app as portal_app

        trade = await read_trade(settings, engine, state)
        portal = portal_app.create_app(
            settings=settings,
            engine=engine,
            state=state,
            clock=utc_now,
            matters=trade.matters,
            data_items=trade.data_items,
            calendar=trade.calendar,
            connectors=trade.connectors,
            back_channel=back_channel.transport() if back_channel else None,
        )
        parts.append(portal)
        routes.append(Mount("", app=portal))
        larger_bodies |= portal_app.LARGER_BODIES
        beside.append(trade.following)
        if only is None:
            beside.append(lambda: running(trade.connectors.worker().run))
    whole: App = Starlette(routes=routes, lifespan=_lifespan(parts, beside, back_channel))
    if only is not Part.PORTAL:
        whole = prefixed(urlsplit(settings.issuer).path, provider, whole)
    return shell(
        whole,
        # A provider alone may stand at an address of its own: its forms come from there.
        base_url=settings.issuer if only is Part.IDP else settings.base_url,
        open_paths=idp_app.open_paths(settings),
        larger_bodies=larger_bodies,
    )


def _back_channel(routes: Sequence[BaseRoute]) -> "BackChannel":
    # Provider and portal share this process: the back channel needs no socket.
    from composition.back_channel import BackChannel

    return BackChannel(Starlette(routes=list(routes)))


def _lifespan(parts: Sequence[Starlette], beside: Sequence[Running], back_channel: "BackChannel | None") -> Any:
    @asynccontextmanager
    async def lifespan(_whole: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            merged: dict[str, Any] = {}
            for part in parts:
                yielded: Any = await stack.enter_async_context(part.router.lifespan_context(part))
                merged |= yielded or {}
            if back_channel is not None:
                back_channel.state = merged
            for block in beside:
                await stack.enter_async_context(block())
            yield merged

    return lifespan
