"""Wiring of the portal: stores, pages, sign-in. `onewindow.py` mounts what `create_app` returns at `/`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypedDict

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from config.clock import Clock
from config.settings import Settings
from config.state import StateStore
from connectors.system import System
from matters.data_items import DataItems
from matters.guide import Matter
from matters.search import MatterIndex
from portal import words
from portal.assets import Assets
from portal.library import Library
from portal.problems import answer_http_exception, answer_refusal
from portal.refusals import Refusal
from portal.relying_party import RelyingParty
from portal.rendering import Renderer
from portal.routes import page_routes
from portal.sessions import Cookies, Sessions
from portal.state import PortalState
from portal.visit import Visit


class Lifespan(TypedDict):
    """What the lifespan yields; merged into the state of the whole process."""

    portal: PortalState


def create_app(
    *,
    settings: Settings,
    engine: AsyncEngine,
    state: StateStore,
    clock: Clock,
    matters: Sequence[Matter],
    data_items: DataItems,
    systems: Mapping[str, System],
    endpoints: Mapping[str, str],
    back_channel: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
    """Return the portal.

    `matters` are the published guides, `systems` the department systems with their addresses in `endpoints`;
    `back_channel` carries calls to the identity provider, None is the network.
    """
    assets = Assets()
    library = Library(matters, systems, data_items)
    cookies = Cookies(https=settings.base_url.startswith("https:"))
    portal = PortalState(
        settings=settings,
        clock=clock,
        state=state,
        cookies=cookies,
        sessions=Sessions(state, clock),
        renderer=Renderer(assets, library.item_names),
        library=library,
        index=MatterIndex(matters),
        endpoints=endpoints,
        relying_party=RelyingParty(settings=settings, state=state, back_channel=back_channel),
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Lifespan]:
        yield {"portal": portal}

    return Starlette(
        routes=[assets.route(), *page_routes()],
        middleware=[Middleware(Visit, cookies=cookies, catalogues=words.catalogues())],
        exception_handlers={Refusal: answer_refusal, HTTPException: answer_http_exception},
        lifespan=lifespan,
    )
