"""A department's test lane: the same program on a store of its own, below `/test` of the same address.

Beside it stand a front database, a file area or a broker database of its own, where the system has one. What comes in
there never stands among the real cases, is never decided and calls nobody; where results come back by a table, a file
or a message, the first word on a case is told at once. It is checked as in earnest, but forgotten after ten minutes:
the same test people come again the next night.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from starlette.routing import BaseRoute, Mount

from config.clock import Clock
from demo.faults.switch import Faults
from demo.ground.context import Background, SystemContext
from demo.ground.entry import SystemEntry
from demo.ground.received import NewSubmission, ReceivedStore, Recorded

PATH: Final = "/test"
FORGOTTEN_AFTER: Final = timedelta(minutes=10)
_OVER_HTTP: Final = frozenset({"rest_json", "soap"})
_BY_LINE: Final = frozenset({"exchange_table", "file_batch", "message_queue"})
_FORGET: Final = (
    "DELETE FROM steps WHERE submission IN (SELECT row FROM submissions WHERE accepted_at < ?)",
    "DELETE FROM events WHERE submission IN (SELECT row FROM submissions WHERE accepted_at < ?)",
    "DELETE FROM submissions WHERE accepted_at < ?",
)


class LaneStore(ReceivedStore):
    """Keeps a submission for `FORGOTTEN_AFTER`; nobody decides on one. `speaks`: the first word on it is said at once."""

    def __init__(self, path: Path, clock: Clock, *, speaks: bool = False) -> None:
        super().__init__(path)
        self._clock = clock
        self._speaks = speaks

    async def seen(self, number: str) -> None:
        # Every submission begins with this: whatever is asked of the store afterwards no longer knows the old ones.
        before = (self._clock() - FORGOTTEN_AFTER).timestamp()
        await self.run(lambda connection: [connection.execute(statement, (before,)) for statement in _FORGET])
        await super().seen(number)

    async def record(self, new: NewSubmission, *, at: datetime) -> Recorded:
        first = [replace(step, after=timedelta()) for step in new.plan[:1]] if self._speaks else []
        return await super().record(replace(new, plan=first), at=at)


def has_lane(entry: SystemEntry) -> bool:
    """Tell whether a department offers one; pages that ask for a picture to be read can't be tried by a machine."""
    return entry.protocol in _OVER_HTTP | _BY_LINE


def lane(
    context: SystemContext,
    create_api: Callable[[SystemContext], list[BaseRoute]],
    directory: Path,
    *,
    line: str = "",
) -> tuple[list[BaseRoute], ReceivedStore]:
    """Return the routes of the test lane beside those of `context`, and its store, to be closed with the other.

    `line` is the lane's own; what reads and writes it runs beside the real one's.
    """
    by_line = context.entry.protocol in _BY_LINE and bool(line)
    store = LaneStore(directory / f"{context.id}-test.db", context.clock, speaks=by_line)
    beside = replace(
        context,
        store=store,
        callback_url="",
        line=line,
        serves_line=False,
        background=context.background if by_line else Background(),
        faults=Faults(),
        scan_now=asyncio.Event(),
        directory=(context.directory or directory) / "test",
    )
    return [Mount(PATH, routes=create_api(beside))], store
