"""A department's test lane: the same program below `/test` of the same address, on a store of its own.

What comes in there never stands among the real cases, is never decided and calls nobody. It is checked as in earnest,
but forgotten after ten minutes: the same test people come again the next night.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from starlette.routing import BaseRoute, Mount

from config.clock import Clock
from demo.ground.context import Background, SystemContext
from demo.ground.entry import SystemEntry
from demo.ground.faults import Faults
from demo.ground.received import NewSubmission, ReceivedStore, Recorded

PATH: Final = "/test"
FORGOTTEN_AFTER: Final = timedelta(minutes=10)
_PROTOCOLS: Final = frozenset({"rest_json", "soap"})


class LaneStore(ReceivedStore):
    """Keeps a submission for `FORGOTTEN_AFTER`; nobody decides on one."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path)
        self._clock = clock

    async def seen(self, number: str) -> None:
        # Every submission begins with this: whatever is asked of the store afterwards no longer knows the old ones.
        before = (self._clock() - FORGOTTEN_AFTER).timestamp()
        await self.run(
            lambda connection: connection.execute("DELETE FROM submissions WHERE accepted_at < ?", (before,))
        )
        await super().seen(number)

    async def record(self, new: NewSubmission, *, at: datetime) -> Recorded:
        return await super().record(replace(new, plan=()), at=at)


def has_lane(entry: SystemEntry) -> bool:
    """Tell whether a department offers one: those that answer at once do."""
    return entry.protocol in _PROTOCOLS


def lane(
    context: SystemContext, create_api: Callable[[SystemContext], list[BaseRoute]], directory: Path
) -> tuple[list[BaseRoute], ReceivedStore]:
    """Return the routes of the test lane beside those of `context`, and its store, to be closed with the other."""
    store = LaneStore(directory / f"{context.id}-test.db", context.clock)
    beside = replace(
        context, store=store, callback_url="", background=Background(), faults=Faults(), directory=directory / "test"
    )
    return [Mount(PATH, routes=create_api(beside))], store
