"""Wiring of the portal: stores, pages, sign-in, API. `onewindow.py` mounts what `create_app` returns at `/`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypedDict

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from config.asgi.fault_barrier import FaultBarrier
from config.clock import Clock
from config.settings import Settings
from config.state import StateStore
from config.storage.sql import ping
from connectors.app import Connectors
from connectors.storage.recent_attempts import SqlRecentAttempts
from matters.data_items import DataItems
from matters.guide import Matter
from matters.material import LARGEST_FILE_BYTES
from matters.search import MatterIndex
from matters.storage.cases import SqlCaseStore
from matters.storage.disclosures import SqlDisclosureStore
from matters.storage.drafts import SqlDraftStore
from matters.storage.guides import SqlGuideStore
from matters.storage.material_files import ObjectMaterialFiles, open_store
from matters.storage.regions import SqlRegions
from matters.working_days import WorkingCalendar
from portal import words
from portal.api.metrics import Metrics, RequestMetrics
from portal.api.state import ApiState
from portal.api.wiring import make_api_state, make_signing_keys
from portal.assets import Assets
from portal.fault_page import FaultPage
from portal.item_words import ItemWords
from portal.library import Library
from portal.pages.intake_materials import LARGEST_POST_BYTES
from portal.parked import Parked
from portal.problems import answer_http_exception, answer_refusal
from portal.refusals import Refusal
from portal.relying_party import RelyingParty
from portal.rendering import Renderer
from portal.routes import every_route
from portal.sessions import Cookies, Sessions
from portal.state import PortalState
from portal.visit import Visit
from portal.working_copies import LONGEST as LONGEST_COPY
from portal.working_copies import WorkingCopies

_API_BODY = LARGEST_FILE_BYTES + 64 * 1024
LARGER_BODIES: Mapping[str, int] = {
    "/drafts/*/materials": LARGEST_POST_BYTES,
    "/api/v1/cases/*/materials/*": _API_BODY,
    "/api/v1/cases": _API_BODY,
    "/api/v1/cases/*/withdraw": _API_BODY,
    "/registrations/*/*/text": LONGEST_COPY,
    "/registrations/*/*/text/check": LONGEST_COPY,
}
"""Paths that take uploads, for the shell's body limit; those of the API that don't refuse too much in its own words."""


class Lifespan(TypedDict):
    """What the lifespan yields; merged into the state of the whole process."""

    portal: PortalState
    api: ApiState


def create_app(
    *,
    settings: Settings,
    engine: AsyncEngine,
    state: StateStore,
    clock: Clock,
    matters: Sequence[Matter],
    data_items: DataItems,
    calendar: WorkingCalendar,
    connectors: Connectors,
    back_channel: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
    """Return the portal.

    `matters` are the published guides; `back_channel` carries calls to the identity provider, None is the network.
    """
    assets = Assets()
    library = Library(matters, connectors.systems, data_items)
    cookies = Cookies(https=settings.base_url.startswith("https:"))
    catalogues = words.catalogues()
    guides, cases = SqlGuideStore(engine), SqlCaseStore(engine)
    files = ObjectMaterialFiles(open_store(settings.materials_url))
    metrics, keys = Metrics(), make_signing_keys(settings, clock, back_channel)
    portal = PortalState(
        settings=settings,
        clock=clock,
        state=state,
        cookies=cookies,
        sessions=Sessions(state, clock),
        renderer=Renderer(assets, library.item_names, issuer=settings.issuer),
        library=library,
        index=MatterIndex(matters),
        endpoints=connectors.endpoints,
        relying_party=RelyingParty(settings=settings, state=state, keys=keys, clock=clock, back_channel=back_channel),
        parked=Parked(state),
        calendar=calendar,
        guides=guides,
        cases=cases,
        disclosures=SqlDisclosureStore(engine),
        drafts=SqlDraftStore(engine),
        files=files,
        intake=connectors.intake,
        deliveries=connectors.deliveries,
        window_steps=connectors.window_steps,
        desk=connectors.desk,
        carrying=connectors.carrying,
        log_ins=connectors.log_ins,
        replays=connectors.replays,
        trials=connectors.trials,
        repairs=connectors.repairs,
        unreads=connectors.unreads,
        health=connectors.health,
        flows=connectors.flows,
        notices=connectors.notices,
        notice_desk=connectors.notice_desk,
        happenings=connectors.happenings,
        item_words=ItemWords(matters, library),
        alerts=connectors.alerts,
        maintenance=connectors.maintenance,
        usage=connectors.usage,
        secrets=connectors.secrets,
        registry=connectors.registry,
        regions=SqlRegions(engine),
        working_copies=WorkingCopies(state),
    )
    api = make_api_state(
        settings=settings,
        clock=clock,
        state=state,
        catalogues=catalogues,
        keys=keys,
        published=lambda: matters,
        guide_store=guides,
        intake=connectors.intake,
        cases=cases,
        deliveries=connectors.deliveries,
        files=files,
        calendar=calendar,
        systems=connectors.systems,
        callbacks=connectors.callbacks,
        health=connectors.health,
        attempts=SqlRecentAttempts(engine),
        ping_database=lambda: ping(engine),
        metrics=metrics,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Lifespan]:
        yield {"portal": portal, "api": api}

    return Starlette(
        routes=[assets.route(), *every_route()],
        middleware=[
            Middleware(RequestMetrics, metrics=metrics),
            Middleware(FaultBarrier),
            Middleware(FaultPage),
            Middleware(Visit, cookies=cookies, catalogues=catalogues),
        ],
        exception_handlers={Refusal: answer_refusal, HTTPException: answer_http_exception},
        lifespan=lifespan,
    )
