"""Asking a department how far its cases are: per system, so many a tick, and only while it is open."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

from config import logs
from connectors.engine import BreakerState, NotFound
from connectors.errors import MappingRefused, SecretMissing
from connectors.ground import Ground
from connectors.ledger import Awaited, Delivery, InboundEvent
from connectors.outcomes import OutcomeClass
from connectors.pace import Pace
from connectors.serving import Serving
from connectors.submission import values_for
from connectors.transport_ports import Asked, Errand, PollsMany

log = logs.get(__name__)
TICK_SECONDS: Final = 1.0
AT_ONCE: Final = 4


@dataclass(slots=True, kw_only=True)
class Poller:
    """The polls of one system. What is found goes the way of a callback: kept once, applied forward only.

    `serving` may be replaced between two ticks; each case is asked for by the version that serves its region. Questions
    keep to the system's pace like everything that is sent.
    """

    serving: Serving
    ground: Ground
    breaker: Callable[[], BreakerState] = BreakerState
    pace: Pace | None = None

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self.tick()
            except Exception:
                log.exception("poll_fault", system=self.serving.system.id)
            await asyncio.sleep(TICK_SECONDS)

    async def tick(self) -> int:
        """Ask for what is due; return how many were asked."""
        serving, at = self.serving, self.ground.clock()
        poll = serving.system.poll or (serving.tried.system.poll if serving.tried else None)
        # While the breaker is open they are left in peace; half open they are asked, or a system nothing is sent to
        # would never be heard of again.
        if poll is None or self.ground.stands(serving.system, self.breaker(), at=at).is_shut:
            return 0
        awaited = await self.ground.ledger.due_polls(
            system=serving.system.id,
            at=at,
            again_at=at + timedelta(seconds=poll.every_seconds),
            most=poll.most_per_tick,
        )
        if awaited:
            turns = asyncio.Semaphore(min(AT_ONCE, serving.system.spec.delivery.concurrency))
            await asyncio.gather(*(self._ask(question, turns) for question in _questions(serving, awaited)))
        return len(awaited)

    async def _ask(self, question: "_Question", turns: asyncio.Semaphore) -> None:
        by = question.by
        async with turns:
            if self.pace is not None:
                await self.pace.turn()
            try:
                with self.ground.uses.of(by.transport):
                    told = await self._answers(question)
                    for awaited in question.about:
                        if awaited.delivery.id not in told and _is_unheard_of(awaited.delivery):
                            await self._look_up(self._errand(awaited, by), by)
            except (MappingRefused, SecretMissing) as refused:
                asked = [each.delivery.id for each in question.about]
                log.warning("poll_refused", system=by.system.id, deliveries=asked, detail=str(refused))
                return
        for awaited in question.about:
            found = told.get(awaited.delivery.id)
            if found is not None and found.status and found.status != awaited.delivery.their_status:
                await self.ground.ledger.receive(_event(found, awaited), at=self.ground.clock())

    async def _answers(self, question: "_Question") -> Mapping[str, InboundEvent]:
        """Return what the department says of each delivery it says anything of, by the delivery's id."""
        by, about = question.by, question.about
        if question.is_of_many and isinstance(by.transport, PollsMany):
            told = await by.transport.poll_many([_asked(each.delivery) for each in about]) or {}
            return {d.id: told[number] for d in (a.delivery for a in about) if (number := _our_number(d)) in told}
        found = await by.transport.poll(self._errand(about[0], by))
        return {} if found is None else {about[0].delivery.id: found}

    def _errand(self, awaited: Awaited, by: Serving) -> Errand:
        delivery, system = awaited.delivery, by.system
        values = values_for(
            awaited.submission,
            delivery,
            at=self.ground.clock(),
            nonce=self.ground.nonce(),
            callback_url=self.ground.callback_url(system.id),
        )
        return Errand(
            system=system, operation=system.operation(delivery.operation), values=values, delivery_id=delivery.id
        )

    async def _look_up(self, errand: Errand, by: Serving) -> None:
        """Doubt what only a broker took: a department that took it off the topic and lost it will never answer."""
        if isinstance(await by.transport.probe(errand), NotFound):
            log.warning("delivery_unheard_of", system=by.system.id, delivery=errand.delivery_id)
            await self.ground.ledger.doubt(errand.delivery_id, at=self.ground.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What one exchange asks for: one case, or as many as the department tells of at once."""

    by: Serving
    about: Sequence[Awaited]
    is_of_many: bool


def _questions(serving: Serving, awaited: Sequence[Awaited]) -> list[_Question]:
    """Return the questions that ask for all that are due, each to the version that serves its cases' region."""
    of_version: dict[int, tuple[Serving, list[Awaited]]] = {}
    for each in awaited:
        by = serving.in_region(each.delivery.region)
        of_version.setdefault(id(by), (by, []))[1].append(each)
    return [question for by, theirs in of_version.values() for question in _of_version(by, theirs)]


def _of_version(by: Serving, awaited: Sequence[Awaited]) -> list[_Question]:
    poll = by.system.poll
    is_of_many = poll is not None and poll.rows is not None
    most = poll.at_once if poll is not None and is_of_many else 1
    return [
        _Question(by=by, about=awaited[first : first + most], is_of_many=is_of_many)
        for first in range(0, len(awaited), most)
    ]


def _our_number(delivery: Delivery) -> str:
    return delivery.known_as or delivery.case_number


def _asked(delivery: Delivery) -> Asked:
    return Asked(number=_our_number(delivery), department_number=delivery.department_number)


def _is_unheard_of(delivery: Delivery) -> bool:
    """Tell whether the department itself never said that it has it."""
    was_pending = delivery.outcome == OutcomeClass.PENDING.value
    return was_pending and not delivery.department_number and not delivery.their_status


def _event(found: InboundEvent, awaited: Awaited) -> InboundEvent:
    # Only a change gets here, so each is an event of its own; the department gave it no id.
    delivery = awaited.delivery
    return replace(found, event_id=f"poll:{uuid4()}", our_number=_our_number(delivery))
