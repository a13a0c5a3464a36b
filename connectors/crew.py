"""What one worker does for one system: its lane, its polls, its results; and the change from one version to the next.

A change takes hold between two deliveries: what is on its way ends under the version it began with, the next one goes
out under the new one. Nothing of another system notices.
"""

import asyncio
from collections.abc import Callable, Mapping

from config import logs
from config.state import StateStore
from connectors.delivering import Deliverer
from connectors.fetching import Fetcher
from connectors.ground import Ground
from connectors.lane import Lane
from connectors.pace import Pace
from connectors.polling import Poller
from connectors.serving import Serving

log = logs.get(__name__)


class Crew:
    """`await crew.run()` until cancelled; what is on its way then is left to its lane's `running`."""

    def __init__(self, serving: Serving, ground: Ground, state: StateStore) -> None:
        self.serving = serving
        self._ground = ground
        self._state = state
        self._hold(serving)
        pace = self._new_pace(serving)
        self.lane = Lane(system=serving.system, deliverer=self._deliverer(serving, pace), ground=ground)
        self.lane.tried = self._tried(serving, pace)
        self._poller = Poller(serving=serving, ground=ground, breaker=lambda: self.lane.breaker, pace=pace)
        self._fetcher = Fetcher(serving=serving, ground=ground, breaker=lambda: self.lane.breaker)

    async def run(self) -> None:
        """Deliver, ask and fetch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for run in (self.lane.run, self._poller.run, self._fetcher.run):
                group.create_task(run())

    def change(self, serving: Serving) -> None:
        """Serve other versions, or by another way, from the next delivery on."""
        before, self.serving = self.serving, serving
        self._hold(serving)
        pace = self.lane.deliverer.pace
        if before.system.spec.delivery != serving.system.spec.delivery:
            pace = self._new_pace(serving)
        self.lane.system = serving.system
        self.lane.deliverer = self._deliverer(serving, pace)
        self.lane.tried = self._tried(serving, pace)
        self._poller.serving = self._fetcher.serving = serving
        self._poller.pace = pace
        self._let_go(before)
        self.lane.wake()
        log.info(
            "system_changed",
            system=serving.system.id,
            version=serving.system.registered,
            tried=serving.tried.system.registered if serving.tried else None,
        )

    def leave(self) -> None:
        """Take up nothing more."""
        self.lane.is_stopping = True
        self._let_go(self.serving)

    def _hold(self, serving: Serving) -> None:
        for transport in serving.transports():
            self._ground.uses.take(transport)

    def _let_go(self, serving: Serving) -> None:
        for transport in serving.transports():
            self._ground.uses.drop(transport)

    def _new_pace(self, serving: Serving) -> Pace:
        policy = serving.system.spec.delivery
        return Pace(
            system=serving.system.id,
            rate_per_second=policy.rate_per_second,
            daily_budget=policy.daily_budget,
            state=self._state,
            clock=self._ground.clock,
        )

    def _deliverer(self, serving: Serving, pace: Pace) -> Deliverer:
        return Deliverer(system=serving.system, transport=serving.transport, pace=pace, ground=self._ground)

    def _tried(self, serving: Serving, pace: Pace) -> Callable[[str], Deliverer | None]:
        """Return who delivers the cases of a region in another's place: it is one department, so one pace for both."""
        if serving.tried is None:
            return _nobody
        deliverer = self._deliverer(serving.tried, pace)
        return lambda region: deliverer if serving.in_region(region) is not serving else None


def _nobody(_region: str) -> Deliverer | None:
    return None


class Crews:
    """The crews of one worker, one per system that something can be sent to from here."""

    def __init__(self, ground: Ground, state: StateStore) -> None:
        self._ground = ground
        self._state = state
        self._at_work: dict[str, tuple[Crew, asyncio.Task[None]]] = {}
        self._leaving: list[Crew] = []

    @property
    def lanes(self) -> dict[str, Lane]:
        """Return the lanes at work, by system."""
        return {system: crew.lane for system, (crew, _) in self._at_work.items()}

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """Return every delivery on its way, also those of systems that are served no more."""
        crews = [*(crew for crew, _ in self._at_work.values()), *self._leaving]
        return {task for crew in crews for task in crew.lane.running}

    def muster(self, wanted: Mapping[str, Serving], group: asyncio.TaskGroup) -> None:
        """Begin what is served anew, change what is served otherwise, end what is served no more."""
        self._leaving = [crew for crew in self._leaving if crew.lane.running]
        for system in [each for each in self._at_work if each not in wanted]:
            crew, task = self._at_work.pop(system)
            crew.leave()
            task.cancel()
            self._leaving.append(crew)
            log.info("system_left", system=system)
        for system, serving in wanted.items():
            if system not in self._at_work:
                crew = Crew(serving, self._ground, self._state)
                self._at_work[system] = (crew, group.create_task(crew.run(), name=f"crew {system}"))
            elif not self._at_work[system][0].serving.is_as(serving):
                self._at_work[system][0].change(serving)

    def stop(self) -> None:
        """Take up nothing more, anywhere."""
        for crew, _ in self._at_work.values():
            crew.leave()
