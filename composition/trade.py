"""The trade of a process: the published guides, the working days, the way to the departments."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from composition.beside import running
from config.clock import utc_now
from config.settings import Settings
from config.state import StateStore
from connectors.app import Connectors, create_connectors, live_systems
from connectors.flows import read_flows
from matters.data_items import DataItems, load_data_items
from matters.guide import Matter
from matters.storage.guides import SqlGuideStore
from matters.working_days import WorkingCalendar, load_calendar

CONFIG: Final = Path(__file__).parents[1] / "config"
"""Where everything declared stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What portal and worker share."""

    matters: Sequence[Matter]
    data_items: DataItems
    calendar: WorkingCalendar
    connectors: Connectors

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow what is in service while the block runs; close the connections to departments when it ends."""
        try:
            async with running(self.connectors.follow):
                yield
        finally:
            await self.connectors.aclose()


async def read_trade(settings: Settings, engine: AsyncEngine, state: StateStore) -> Trade:
    """Read the published guides from the database and everything declared from config/."""
    matters = await SqlGuideStore(engine).published()
    calendar = load_calendar(CONFIG / "calendar.yaml")
    connectors = create_connectors(
        settings=settings,
        engine=engine,
        state=state,
        clock=utc_now,
        systems=await live_systems(engine, state),
        guide={matter.id: matter for matter in matters}.get,
        calendar=calendar,
        flows=read_flows(CONFIG),
    )
    return Trade(
        matters=matters,
        data_items=load_data_items(CONFIG / "data_items.yaml"),
        calendar=calendar,
        connectors=connectors,
    )
