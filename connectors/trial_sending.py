"""Sending the contract examples to a test address, one after the other, and reading back what is told of them there.

What a trial means depends on the channel: an interface answers, and its answer's shape is compared; a row is written
into the test table and read back; a file is put down with its `.ok`; a message is published to the test broker; a page
is filled in. Results that come later are read from the test channel the same night, or the next: their status has to
be one that was agreed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Final, Protocol
from uuid import UUID, uuid4

from config.clock import Clock
from connectors.errors import MappingRefused, SecretMissing
from connectors.ledger import InboundEvent
from connectors.mismatch import Mismatch
from connectors.outcomes import Answer, map_status
from connectors.sample_files import with_sample_parts, with_samples
from connectors.spec_examples import ExampleSpec
from connectors.system import System
from connectors.transport_ports import Answers, Errand, Fetches, Transport
from connectors.trial import (
    MOST_EXAMPLES,
    READ_BACK,
    Judged,
    TrialResult,
    TrialState,
    as_shown,
    fresh_values,
    judge,
    judge_outcome,
)
from connectors.unread import Unread, UnreadBook

PACE_SECONDS: Final = 1.0
LISTENS: Final = timedelta(seconds=45)
"""For results of tonight's examples; what comes later is read on the next night."""
Keep = Callable[[TrialResult], Awaitable[bool]]
"""Keeps one result; False when the trial is somebody else's now."""


class TestAddresses(Protocol):
    """The deployment's test addresses."""

    def address(self, system: System) -> str:
        """Return where a system is tried; empty when it can't be."""

    def why_not(self, system: System) -> str:
        """Return in a word why a system is not tried: manual, captcha, live, or the lines that lack; empty if it is."""

    def open(self, system: System, unread: UnreadBook) -> AbstractAsyncContextManager[Transport | Answers]:
        """Open a channel of its own to the test address, closed with the block."""


@dataclass(slots=True)
class Heap:
    """Collects what can't be read while a trial runs."""

    found: list[Unread] = field(default_factory=list)

    async def keep(self, unread: Unread) -> None:
        self.found.append(unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends examples; `listens` is how long it waits for results that come by themselves."""

    addresses: TestAddresses
    clock: Clock
    pace_seconds: float = PACE_SECONDS
    listens: timedelta = LISTENS
    new_token: Callable[[], UUID] = uuid4

    async def send(
        self, system: System, done: Sequence[TrialResult], keep: Keep | None = None
    ) -> Sequence[TrialResult] | None:
        """Send what is not `done` yet and return all results in order; None when `keep` said that it is not ours."""
        results = {result.position: result for result in done}
        examples, unread = system.spec.examples[:MOST_EXAMPLES], Heap()
        async with self.addresses.open(system, unread) as channel:
            for position, example in enumerate(examples):
                if position in results:
                    continue
                results[position] = await self._one(system, channel, position, example)
                if keep is not None and not await keep(results[position]):
                    return None
                await asyncio.sleep(self.pace_seconds)
            last = len(examples)
            if last not in results and system.results is not None and isinstance(channel, Fetches):
                results[last] = await self._read_back(system, channel, last, unread, most=len(examples))
                if keep is not None and not await keep(results[last]):
                    return None
        return [results[position] for position in sorted(results)]

    async def _one(
        self, system: System, channel: Transport | Answers, position: int, example: ExampleSpec
    ) -> TrialResult:
        operation, at, began = system.operation(example.operation), self.clock(), monotonic()
        values = fresh_values(example, operation, at=at, token=self.new_token())
        errand = Errand(system=system, operation=operation, values=values, delivery_id=f"trial-{position}")
        try:
            if isinstance(channel, Answers):
                named = await with_samples(errand, channel)
                answer = named if isinstance(named, Answer) else await channel.answer(named)
                judged = judge(system, operation, example, answer)
            else:
                judged = judge_outcome(example, await channel.send(with_sample_parts(errand)))
        except (MappingRefused, SecretMissing) as refused:
            judged = Judged(state=TrialState.UNREACHED, expected="", found="", error=type(refused).__name__[:20])
        return TrialResult(
            position=position,
            example=example.name,
            operation=operation.name,
            judged=judged,
            duration_ms=round((monotonic() - began) * 1000),
            at=at,
        )

    async def _read_back(
        self, system: System, channel: Fetches, position: int, unread: Heap, *, most: int
    ) -> TrialResult:
        at, began = self.clock(), monotonic()
        events: list[InboundEvent] = []
        unread.found.clear()  # what a page or an interface said to an example is judged with that example
        while True:
            found = await channel.fetch()
            await channel.confirm()
            events += found
            told = {event.our_number or event.department_number for event in events}
            if len(told) >= most or monotonic() - began >= self.listens.total_seconds():
                break
            await asyncio.sleep(self.pace_seconds or 0.05)
        return TrialResult(
            position=position,
            example=READ_BACK,
            operation=READ_BACK,
            judged=_judged(system, events, unread.found),
            duration_ms=round((monotonic() - began) * 1000),
            at=at,
        )


def _judged(system: System, events: Sequence[InboundEvent], unread: Sequence[Unread]) -> Judged:
    """Return what the results say of the contract: none came yet, all as agreed, or what differs."""
    strange = {event.status for event in events if map_status(system.spec.statuses, event.status)[1]}
    strange -= set(system.spec.results.again) if system.spec.results is not None else set()
    differences = [
        *(
            Mismatch(example=READ_BACK, place="status", expected="one that was agreed", found=s)
            for s in sorted(strange)
        ),
        *(
            Mismatch(
                example=READ_BACK, place=each.where, expected="one that can be read", found=each.error or "unknown"
            )
            for each in unread
        ),
    ]
    if differences:
        return Judged(
            state=TrialState.DRIFT, expected="", found="", differences=tuple(map(as_shown, dict.fromkeys(differences)))
        )
    if not events:
        return Judged(state=TrialState.UNREACHED, expected="", found="", error="not_yet")
    return Judged(state=TrialState.HOLDS, expected="", found="")
