"""A town with its flows (回流、联动): what comes of a case reaches whom the guide declares."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from connectors.flows import Flows, read_flows
from connectors.system import System
from tests.doubles.declared import declared_systems
from tests.doubles.departments import ROOT
from tests.doubles.town import Town, impatient, town_of

SPEED = 2000.0


@cache
def flows() -> Flows:
    return read_flows(ROOT / "config")


@cache
def systems() -> Mapping[str, System]:
    """Return every declared system, asked for its results more often than in earnest."""
    return {id_: _impatient(each) for id_, each in declared_systems().items()}


def _impatient(system: System) -> System:
    asked = impatient(system)
    return asked if asked.results is None else replace(asked, results=replace(asked.results, every_seconds=0.3))


@asynccontextmanager
async def reflux_town(
    directory: Path,
    engine: AsyncEngine,
    state: StateStore,
    *,
    only: tuple[str, ...],
    lines: Mapping[str, str] | None = None,
) -> AsyncIterator[Town]:
    """Run OneWindow with its flows and the systems `only`."""
    async with town_of(
        directory, engine, state, only=only, systems=systems(), flows=flows(), lines=lines, speed=SPEED
    ) as town:
        yield town
