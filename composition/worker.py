"""A process that only delivers."""

import asyncio
import signal

from sqlalchemy.ext.asyncio import AsyncEngine

from composition.beside import running
from composition.trade import read_trade
from config.settings import Settings
from config.state import StateStore


async def run_worker(settings: Settings, engine: AsyncEngine, state: StateStore) -> None:
    """Deliver until SIGINT or SIGTERM."""
    trade = await read_trade(settings, engine, state)
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with trade.following(), running(trade.connectors.worker().run):
        await stop.wait()
