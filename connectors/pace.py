"""How fast a system is spoken to, over all workers: one slot per send, taken in the state store.

Slots are evenly spaced, so that a rate of 20 a second is never 40 around the turn of a second. The turn comes before the
intent is written, so that a worker stopped while waiting leaves nothing to find out about; a slow commit may then bunch
as many sends as the spec's concurrency, never more. When the store does not
answer, this worker keeps its own slots: too fast by the number of workers at worst, and the department says so (429).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from config.clock import SHANGHAI, Clock
from config.state import StateStore, StateStoreUnavailable

_TTL: Final = timedelta(seconds=30)
_FARTHEST_SLOTS: Final = 500


@dataclass(slots=True)
class Pace:
    """The pace of one system; `rate_per_second` None is as fast as it goes, `daily_budget` None without end.

    `spent_until` is when the budget that was last found used up begins anew.
    """

    system: str
    rate_per_second: float | None
    daily_budget: int | None
    state: StateStore
    clock: Clock
    spent_until: datetime | None = None
    _last_slot: int = 0

    async def turn(self) -> None:
        """Return when it is this send's turn."""
        if self.rate_per_second is None:
            return
        slot = await self._slot(self.rate_per_second)
        wait = slot / self.rate_per_second - self.clock().timestamp()
        if wait > 0:
            await asyncio.sleep(wait)

    async def _slot(self, rate: float) -> int:
        first = max(int(self.clock().timestamp() * rate) + 1, self._last_slot + 1)
        for slot in range(first, first + _FARTHEST_SLOTS):
            self._last_slot = max(self._last_slot, slot)  # before asking, so that two of ours never ask for one slot
            try:
                is_free = await self.state.add(f"pace:{self.system}:{slot}", b"1", _TTL)
            except StateStoreUnavailable:
                is_free = True
            if is_free:
                return slot
        return first + _FARTHEST_SLOTS

    async def spend(self) -> datetime | None:
        """Take one of today's budget; when it is used up, return when the next day begins in Shanghai."""
        if self.daily_budget is None:
            return None
        now = self.clock().astimezone(SHANGHAI)
        try:
            spent = await self.state.count(f"budget:{self.system}:{now:%Y%m%d}", timedelta(days=2))
        except StateStoreUnavailable:
            return None
        if spent <= self.daily_budget:
            return None
        self.spent_until = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return self.spent_until
