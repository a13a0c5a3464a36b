"""How long this worker may go on with what it holds: what is under way ends when its lease does.

A transport may take several steps to the byte that counts (a form fetched and then posted, a log-in, a token). A worker
whose heartbeat has not come through for a whole lease no longer has the delivery; another one may have looked it up by
then, found nothing and be sending it. So the work is stopped where it stands, as if the worker had died there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from connectors.ledger import LeaseLost


class LeaseBounds:
    """The bounds of one worker's work under way. Times are those of the running loop, which no set clock moves."""

    def __init__(self) -> None:
        self._bounds: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def within(self, lease: timedelta, *, since: float, delivery_id: str) -> AsyncIterator[None]:
        """Run the block for as long as the lease lasts: from `since`, and anew from each heartbeat.

        Raises:
            LeaseLost: it ran out before the block ended; the block was cancelled.
        """
        bound = asyncio.timeout_at(since + lease.total_seconds())
        try:
            async with bound:
                self._bounds.add(bound)
                yield
        except TimeoutError:
            if bound.expired():
                raise LeaseLost(delivery_id) from None
            raise
        finally:
            self._bounds.discard(bound)

    def prolong(self, lease: timedelta, *, since: float) -> None:
        """Take note of a heartbeat begun at `since` that came through."""
        until = since + lease.total_seconds()
        for bound in self._bounds:
            if not bound.expired() and (bound.when() or 0.0) < until:
                bound.reschedule(until)
