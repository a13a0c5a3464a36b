"""Trying the contract: every night, and whenever an owner asks, a system's examples go to its test address.

It runs in the worker, one system after the other, one example a second, once per system and night whichever worker
comes first; what an owner asks for is kept and taken up within seconds. What differs opens an alert, and agreeing
again closes it. A test address is the line `<system>.test` of the endpoints file, with `<system>.test.exchange`, `.files`
or `.queue` where the channel has one; how each channel is tried, `connectors.trial_sending` says.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import monotonic
from typing import Final, Protocol
from uuid import UUID, uuid4

from config import logs
from config.clock import SHANGHAI, Clock
from connectors.alerting import Alerting
from connectors.availability import HolidayOn
from connectors.errors import NotPermitted
from connectors.gate import closed
from connectors.system import System
from connectors.trial import MOST_EXAMPLES, Trial, TrialResult, TrialState
from connectors.trial_sending import LISTENS, PACE_SECONDS, Sender, TestAddresses
from matters.policy import Actor, may_run_systems, may_see_systems

log = logs.get(__name__)
NIGHTLY_AT: Final = time(1, 30)
"""Beijing time; a system that is closed then is tried once it opens."""
LOOK_EVERY_SECONDS: Final = 3.0
NIGHTS_EVERY_SECONDS: Final = 60.0
TAKES_AT_MOST: Final = timedelta(minutes=15)
ALERT: Final = "contract_drift"


class TrialBook(Protocol):
    """The kept trials; each method is one commit."""

    async def ask(self, trial: Trial) -> Trial:
        """Keep a trial that is to be run; the one that waits or runs already, where there is one."""

    async def begin_night(self, system: str, day: date, *, at: datetime) -> bool:
        """Keep the trial of a night; False when it was kept already."""

    async def take(self, *, owner: str, at: datetime, until: datetime) -> Trial | None:
        """Take a trial that waits, or that its worker let go of; one worker gets it."""

    async def note(self, trial_id: str, result: TrialResult, *, owner: str, until: datetime) -> bool:
        """Keep one result; False when somebody else has the trial now."""

    async def finish(self, trial_id: str, *, owner: str, at: datetime) -> None: ...

    async def start(self, trial_id: str, *, version: str, total: int, at: datetime) -> None: ...

    async def latest(self, system: str, *, most: int = 14) -> Sequence[Trial]:
        """Return the last trials, the newest first; only the newest two with their results."""


class Trials:
    """What the page asks for."""

    def __init__(self, *, book: TrialBook, systems: Mapping[str, System], addresses: TestAddresses) -> None:
        self._book = book
        self._systems = systems
        self._addresses = addresses

    def address(self, system: str) -> str:
        """Return where a system is tried; empty when it can't be."""
        known = self._systems.get(system)
        return self._addresses.address(known) if known is not None else ""

    def why_not(self, system: str) -> str:
        """Return in a word why a system is not tried; empty when it is."""
        known = self._systems.get(system)
        return self._addresses.why_not(known) if known is not None else ""

    async def latest(self, system: str, *, actor: Actor, most: int = 14) -> Sequence[Trial]:
        """Return the last trials of a system.

        Raises:
            NotPermitted: the actor sees no systems.
        """
        if not may_see_systems(actor):
            raise NotPermitted(actor.sub)
        return await self._book.latest(system, most=most)

    async def run_now(self, system: str, *, actor: Actor, at: datetime) -> Trial:
        """Have a system tried as soon as a worker is free; asked twice it is tried once.

        Raises:
            NotPermitted: the actor runs no systems, or this one has no test address.
        """
        if not may_run_systems(actor) or not self.address(system):
            raise NotPermitted(actor.sub)
        return await self._book.ask(
            Trial(id=str(uuid4()), system=system, day=None, by=actor.sub, who=actor.name, asked_at=at)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRunner:
    """Runs trials in a worker; `owner` is the worker's name, `offset` how far the departments' clock runs ahead."""

    book: TrialBook
    systems: Mapping[str, System]
    addresses: TestAddresses
    alerting: Alerting
    clock: Clock
    holiday_on: HolidayOn
    owner: str
    offset: timedelta = timedelta(0)
    pace_seconds: float = PACE_SECONDS
    listens: timedelta = LISTENS
    new_token: Callable[[], UUID] = uuid4

    async def run(self) -> None:
        """Try what is asked for and what the night brings, until cancelled."""
        nights_at = 0.0
        while True:
            try:
                if monotonic() >= nights_at:
                    nights_at = monotonic() + NIGHTS_EVERY_SECONDS
                    await self.begin_night()
                while await self.run_one():
                    pass
            except Exception:
                # A trial stays taken until its time is over, then whoever looks next goes on with it.
                log.exception("trial_fault")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def begin_night(self) -> int:
        """Keep the trials that are due tonight; return how many were new."""
        at = self.clock()
        there = at.astimezone(SHANGHAI)
        if there.time() < NIGHTLY_AT:
            return 0
        due = [system for system in self.systems.values() if self._is_due(system, at)]
        begun = [await self.book.begin_night(system.id, there.date(), at=at) for system in due]
        return sum(begun)

    def _is_due(self, system: System, at: datetime) -> bool:
        if not system.spec.examples or not self.addresses.address(system):
            return False
        shut = closed(system, at=at, offset=self.offset, holiday_on=self.holiday_on)
        return not any(not hold.operations for hold in shut)

    async def run_one(self) -> bool:
        """Run the next trial that waits; False when there is none."""
        at = self.clock()
        trial = await self.book.take(owner=self.owner, at=at, until=at + TAKES_AT_MOST)
        if trial is None:
            return False
        system = self.systems.get(trial.system)
        examples = system.spec.examples[:MOST_EXAMPLES] if system is not None else ()
        total = len(examples) + (system is not None and system.results is not None)
        await self.book.start(trial.id, version=_version(system), total=total, at=at)
        if system is not None and self.addresses.address(system):
            results = await self._try(system, trial)
            if results is None:
                return True
            await self._tell(system, results)
        await self.book.finish(trial.id, owner=self.owner, at=self.clock())
        log.info("contract_tried", system=trial.system, trial=trial.id, examples=len(examples))
        return True

    async def _try(self, system: System, trial: Trial) -> Sequence[TrialResult] | None:
        """Return every result, those of a worker that died among them; None when the trial is somebody else's now."""

        async def keep(result: TrialResult) -> bool:
            return await self.book.note(trial.id, result, owner=self.owner, until=self.clock() + TAKES_AT_MOST)

        sender = Sender(
            addresses=self.addresses,
            clock=self.clock,
            pace_seconds=self.pace_seconds,
            listens=self.listens,
            new_token=self.new_token,
        )
        return await sender.send(system, trial.results, keep)

    async def _tell(self, system: System, results: Sequence[TrialResult]) -> None:
        """Open or close the owner's alert; a test address nobody reached tells neither."""
        drifted = [result for result in results if result.judged.state is TrialState.DRIFT]
        if drifted:
            await self.alerting.open(
                system.id, ALERT, at=self.clock(), count=len(drifted), detail=drifted[0].operation[:200]
            )
        elif any(result.judged.state is TrialState.HOLDS for result in results):
            await self.alerting.close(system.id, ALERT, at=self.clock())


def _version(system: System | None) -> str:
    return "" if system is None else system.spec.version
