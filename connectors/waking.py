"""Telling the workers that there is something to do, so that it goes out at once and not at their next look."""

from typing import Final

from config import logs
from config.state import StateStore, StateStoreUnavailable

log = logs.get(__name__)
WAKE_TOPIC: Final = "delivery"


async def wake(state: StateStore, *systems: str) -> None:
    """Wake the lanes of these systems in every worker; where that can't be told, they look by themselves every second."""
    try:
        for system in systems:
            await state.announce(WAKE_TOPIC, system)
    except StateStoreUnavailable:
        log.warning("wake_up_unavailable")
