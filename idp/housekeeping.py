"""Housekeeping beside the provider: what has expired is deleted in small batches, the audit gets its checkpoint.

Of all processes one does it at a time: whoever gets the lease in the state store. Nothing here decides whether
something still holds; that is asked where it is used, so a late broom lets nobody in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Final, Protocol

from anyio import to_thread

from config.clock import Clock
from config.logs import get
from idp import audit_checkpoints
from idp.protocol.audit import checkpoint
from idp.protocol.audit_ports import AuditStore

_log = get("onewindow.housekeeping")
EVERY: Final = timedelta(minutes=10)
BATCH: Final = 500
_BATCHES_A_TIME: Final = 200
_PAUSE_SECONDS: Final = 0.05  # between batches, so that people's requests get their turn at the database
KEPT: Final = timedelta(days=30)


class Lease(Protocol):
    """One holder at a time, for a while."""

    async def take(self, holder: str, ttl: timedelta) -> bool:
        """Tell whether the lease is ours now."""


class Expired(Protocol):
    """Something that has expired and may be deleted."""

    def __call__(self, before: datetime, *, at_most: int) -> Awaitable[int]:
        """Delete what expired before a moment; return how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broom:
    """One kind of thing to delete: what expired longer than `after` ago."""

    name: str
    sweep: Expired
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeping:
    """One per process."""

    brooms: tuple[Broom, ...]
    audit: AuditStore
    checkpoints: Path
    lease: Lease
    clock: Clock
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self) -> None:
        """Sweep now and then, for ever; a store that is away is waited out."""
        holder = token_urlsafe(8)
        while True:
            try:
                # Held until it runs out: the next turn is anybody's, and never sooner.
                if await self.lease.take(holder, EVERY):
                    await self.once(at=self.clock())
            except Exception as error:  # noqa: BLE001 - the task must outlive a store that is away
                _log.error("housekeeping_fault", error=type(error).__name__)
            await self.pause(EVERY.total_seconds() / 2)

    async def once(self, *, at: datetime) -> dict[str, int]:
        """Delete what has expired and keep a checkpoint; return how much of what was deleted."""
        swept = {broom.name: await self._sweep(broom, at) for broom in self.brooms}
        if any(swept.values()):
            _log.info("swept", **swept)
        await self._checkpoint()
        return swept

    async def _sweep(self, broom: Broom, at: datetime) -> int:
        total = 0
        for _ in range(_BATCHES_A_TIME):
            deleted = await broom.sweep(at - broom.after, at_most=BATCH)
            total += deleted
            if deleted < BATCH:
                break
            await self.pause(_PAUSE_SECONDS)
        return total

    async def _checkpoint(self) -> None:
        head = await self.audit.head()
        if head is None:
            return
        try:
            fresh = await to_thread.run_sync(audit_checkpoints.stamp, self.checkpoints, head)
        except OSError as error:
            _log.error("audit_checkpoint_not_kept", error=type(error).__name__)
            fresh = True
        if fresh:
            _log.info("audit_checkpoint", line=checkpoint(head))
