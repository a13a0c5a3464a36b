"""The daily reconciliation: yesterday's list of each department that has one, compared and repaired.

It runs in the worker, after the hour the spec names, once per system and day whichever worker comes first. What can be
mended without sending twice is mended at once; the rest stands in the repair list for a person.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from config import logs
from config.clock import SHANGHAI
from connectors.engine import BreakerState
from connectors.errors import MappingRefused, SecretMissing
from connectors.ground import Ground
from connectors.ledger import InboundEvent
from connectors.ports import Reconciliations
from connectors.reconciliation import Comparison, Difference, Listed, Repair, compare
from connectors.reporting import kept_id
from connectors.system import System
from connectors.transport_ports import Lists

log = logs.get(__name__)
LOOK_EVERY_SECONDS: Final = 60.0
TAKES_AT_MOST: Final = timedelta(minutes=30)
STAYS_DUE: Final = timedelta(days=15)
"""A day is asked for this long: over the longest holiday with the weekends around it."""
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Compares for every system whose transport can list a day."""

    systems: Mapping[str, System]
    """May change while it runs, as `lists` may: each day is compared by the version that leads then."""
    lists: Mapping[str, Lists]
    book: Reconciliations
    ground: Ground

    async def run(self) -> None:
        """Compare what is due, until cancelled."""
        while True:
            for id_ in list(self.lists):
                try:
                    await self.tick(id_)
                except Exception:
                    # Taken again by whoever looks once the time it was taken for is over.
                    log.exception("reconciliation_fault", system=id_)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def tick(self, system: str) -> Comparison | None:
        """Compare the oldest day that is due and has a list, when its hour has come and nobody has.

        Days are the real ones, in Beijing time. One whose list did not come (they are closed for the weekend, a receipt
        is due later) stays due for as long as `STAYS_DUE`.
        """
        spec = self.systems[system].leading.spec.reconcile
        at = self.ground.clock()
        there = at.astimezone(SHANGHAI)
        if spec is None or there.time() < time.fromisoformat(spec.at) or self._is_shut(system, at):
            return None
        yesterday = there.date() - _ONE_DAY
        begun = await self.book.begun(system, since=yesterday - STAYS_DUE)
        for day in due_days(begun, yesterday):
            if (comparison := await self.compare_day(system, day)) is not None:
                return comparison
        return None

    def _is_shut(self, system: str, at: datetime) -> bool:
        return self.ground.stands(self.systems[system].leading, BreakerState(), at=at).is_shut

    async def compare_day(self, system: str, day: date) -> Comparison | None:
        """Compare one day and repair it; None when somebody did, or the department gave no whole list."""
        at = self.ground.clock()
        if not await self.book.take(system, day, owner=self.ground.owner, at=at, until=at + TAKES_AT_MOST):
            return None
        leading, channel = self.systems[system].leading, self.lists[system]
        with self.ground.uses.of(channel):
            comparison = await self._compare(leading, channel, day)
        if comparison is None:
            log.warning("reconciliation_without_list", system=system, day=day.isoformat())
            return None
        await self._repair(leading, comparison)
        await self.book.finish(comparison, at=self.ground.clock())
        log.info(
            "reconciled", system=system, day=day.isoformat(), ours=comparison.ours, theirs=comparison.theirs,
            differences=len(comparison.differences),
        )  # fmt: skip
        return comparison

    async def _compare(self, system: System, channel: Lists, day: date) -> Comparison | None:
        spec = system.spec.reconcile
        theirs = await _listed(channel, day)
        if spec is None or theirs is None:
            return None
        # Read after their list: what was heard meanwhile is known, and never set back by an older word.
        begins = datetime.combine(day, time(), SHANGHAI)
        ours = await self.book.ours(system.id, begins, begins + _ONE_DAY, notices=spec.of == "notices")
        around: list[Listed] = []
        if {each.our_number for each in ours} - {row.our_number for row in theirs}:
            # Clocks disagree at midnight: what they lack today may stand in their yesterday or tomorrow.
            for near in (day - _ONE_DAY, day + _ONE_DAY):
                around += await _listed(channel, near) or []
        return compare(
            system=system.id,
            day=day,
            ours_of_day=ours,
            ours_known=await self.book.known(system.id, [row.our_number for row in theirs]),
            theirs_of_day=theirs,
            theirs_around=[row.our_number for row in around],
            statuses=system.spec.statuses,
            at=self.ground.clock(),
            # What stands in a file is known from our own books: a line nobody answered can only be asked about.
            missing=Repair.ASK if system.spec.file_batch is not None else Repair.LOOK_UP,
            many=spec.many,
        )

    async def _repair(self, system: System, comparison: Comparison) -> None:
        at = self.ground.clock()
        doubted = [each.delivery_id for each in comparison.differences if each.repair is Repair.LOOK_UP]
        if doubted:
            await self.book.doubt(doubted, at=at)
        for each in comparison.differences:
            if each.repair is Repair.TAKE_STATUS:
                await self.ground.ledger.receive(_event(system, comparison.day, each, at), at=at)


def due_days(begun: Mapping[date, bool], yesterday: date) -> Sequence[date]:
    """Return the days still to be compared, oldest first: from the first one anybody took in hand until yesterday."""
    first = min((day for day in begun if day <= yesterday), default=yesterday)
    days = (first + timedelta(days=n) for n in range((yesterday - first).days + 1))
    return [day for day in days if not begun.get(day, False)]


async def _listed(channel: Lists, day: date) -> Sequence[Listed] | None:
    try:
        return await channel.list_day(day)
    except (MappingRefused, SecretMissing) as refused:
        log.warning("reconciliation_refused", detail=str(refused))
        return None


def _event(system: System, day: date, difference: Difference, at: datetime) -> InboundEvent:
    return InboundEvent(
        system=system.id,
        event_id=kept_id(f"reconcile:{day.isoformat()}:{difference.our_number}:{difference.theirs}"),
        source="reconcile",
        our_number=difference.our_number,
        department_number=difference.department_number,
        status=difference.theirs,
        received_at=at,
    )
