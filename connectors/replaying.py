"""Replaying: an owner chooses deliveries, sees what would become of each, gives a reason and has them sent anew.

What is shown is what is done: the same verdict decides again under the locks of the commit, so that whatever was
settled, withdrawn or replayed meanwhile is left out. The new deliveries go through the system's lane as any other,
at its pace and in the order of each case.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from config import logs
from config.paging import Page
from config.state import StateStore
from connectors.comparing import PlaceChange, compare_documents
from connectors.dry_run import DryRun, dry_run
from connectors.errors import MappingRefused, NotPermitted
from connectors.ledger import Attempt, Delivery, Submission
from connectors.redaction import Redactor
from connectors.rendering import render
from connectors.replay import MOST_AT_ONCE, Act, Candidate, Choice, KeptAct, Verdict, verdict
from connectors.submission import values_for
from connectors.system import Operation, System
from connectors.waking import wake
from matters.policy import Actor, may_run_systems

log = logs.get("portal.audit")
Redacting = Callable[[Submission], Redactor]
"""Gives what hides a case's values from the reader."""
SpecOf = Callable[[Candidate], System | None]
"""Gives the spec a delivery goes by today, in its region."""
Tried = Mapping[str, System]
"""By delivery, the spec it was last tried under."""


class TriedUnder(Protocol):
    """Knows the specs of yesterday."""

    async def of(self, system: str, candidates: Sequence[Candidate]) -> Tried:
        """Return by delivery the spec it was last tried under, where that is known."""


class ReplayStore(Protocol):
    """Replays as kept; `append` is one commit."""

    async def count(self, choice: Choice) -> int: ...

    async def candidates(self, choice: Choice, *, most: int = MOST_AT_ONCE) -> Sequence[Candidate]:
        """Return at most `most` of the chosen deliveries, those that have stood longest first."""

    async def named(self, system: str, delivery_ids: Collection[str]) -> Sequence[Candidate]:
        """Return the deliveries of these ids that go to `system`, whatever their state."""

    async def attempts(self, delivery_id: str, *, most: int = 20) -> Sequence[Attempt]:
        """Return the last attempts at one delivery, the newest first."""

    async def append(
        self, act: Act, delivery_ids: Collection[str], decide: Callable[[Candidate], Verdict]
    ) -> KeptAct | None:
        """Append what `decide` lets through; None when an act of that id was kept already, and nothing is done."""

    async def act(self, system: str, act_id: str) -> KeptAct | None: ...

    async def acts(self, system: str, *, most: int, after: str | None = None) -> Page[tuple[Act, int]]:
        """Return a page of acts, the newest first, with how many deliveries each appended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One chosen delivery: `changed` are the department's fields that are filled otherwise than when it was last tried,
    None when that can't be told.
    """

    candidate: Candidate
    verdict: Verdict
    message: str = field(repr=False)
    changed: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a choice comes to: `count` chosen in all, `lines` the first `MOST_AT_ONCE` of them."""

    choice: Choice
    count: int
    lines: Sequence[Line]

    @property
    def going(self) -> Sequence[Line]:
        """Return those that would be sent anew."""
        return [line for line in self.lines if line.verdict.way is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One delivery looked at closely; everything is masked. `before` is None when its spec is not known any more."""

    line: Line
    now: DryRun
    before: DryRun | None
    changes: Sequence[PlaceChange]
    attempts: Sequence[Attempt]


class Replays:
    """The use cases; pages and the command line call the same."""

    def __init__(self, *, store: ReplayStore, spec: SpecOf, tried: TriedUnder, state: StateStore) -> None:
        self._store = store
        self._spec = spec
        self._tried = tried
        self._state = state

    async def preview(self, choice: Choice, *, actor: Actor, redacting: Redacting, at: datetime) -> Preview:
        """Return what of the actor's region would be sent, and how; nothing is changed.

        Raises:
            NotPermitted: the actor runs no systems.
        """
        _check(actor)
        choice = replace(choice, region=actor.region)
        count = await self._store.count(choice)
        found = await self._store.candidates(choice) if count else []
        tried = await self._tried.of(choice.system, found)
        lines = await asyncio.to_thread(lambda: [self._line(each, tried, redacting, at) for each in found])
        return Preview(choice=choice, count=count, lines=lines)

    async def look(
        self, system: str, delivery_id: str, *, actor: Actor, redacting: Redacting, at: datetime
    ) -> Look | None:
        """Return one delivery of the actor's region, as it would be sent now, and what differs from its last try.

        Raises:
            NotPermitted: the actor runs no systems.
        """
        _check(actor)
        found = _of_region(actor, await self._store.named(system, [delivery_id]))
        if not found:
            return None
        candidate = found[0]
        hiding, values = redacting(candidate.submission), _values(candidate, at)
        specs = await self._tried.of(system, found)
        today, tried = self._spec(candidate), specs.get(delivery_id)
        return Look(
            line=self._line(candidate, specs, redacting, at),
            now=_shown(today, candidate.delivery, values, hiding),
            before=_shown(tried, candidate.delivery, values, hiding) if tried is not None else None,
            changes=[_masked(each, hiding) for each in _changes(today, tried, candidate.delivery, values)],
            attempts=await self._store.attempts(delivery_id),
        )

    async def replay(self, act: Act, delivery_ids: Sequence[str], *, actor: Actor) -> KeptAct:
        """Append new deliveries for those given that are of the actor's region; the same act again changes nothing and
        tells what came of it.

        Raises:
            NotPermitted: the actor runs no systems, or another system has an act of that id.
        """
        _check(actor)
        named = await self._store.named(act.system, list(dict.fromkeys(delivery_ids))[:MOST_AT_ONCE])
        chosen = _of_region(actor, named)
        ids, unfit = [each.delivery.id for each in chosen], await self._unfit(chosen, act.at)

        def decide(candidate: Candidate) -> Verdict:
            return self._verdict(candidate, unfit.get(candidate.delivery.id, ""))

        kept = await self._store.append(act, ids, decide)
        if kept is None:
            earlier = await self._store.act(act.system, act.id)
            if earlier is None:
                raise NotPermitted(actor.sub)
            return earlier
        log.info(
            "deliveries_replayed", sub=act.by, system=act.system, replay=act.id, reason=act.reason,
            appended=len(kept.renewed), left_out=len(kept.left_out),
        )  # fmt: skip
        if kept.renewed:
            await wake(self._state, act.system)
        return kept

    async def act(self, system: str, act_id: str, *, actor: Actor) -> KeptAct | None:
        """Return one act with its deliveries as they stand now.

        Raises:
            NotPermitted: the actor runs no systems.
        """
        _check(actor)
        return await self._store.act(system, act_id)

    async def acts(
        self, system: str, *, actor: Actor, most: int = 20, after: str | None = None
    ) -> Page[tuple[Act, int]]:
        """Return a page of the acts on a system, the newest first.

        Raises:
            NotPermitted: the actor runs no systems.
        """
        _check(actor)
        return await self._store.acts(system, most=most, after=after)

    async def _unfit(self, found: Sequence[Candidate], at: datetime) -> Mapping[str, str]:
        """Return which of the chosen today's spec can't put into the department's form; a frozen copy never changes."""

        def work() -> Mapping[str, str]:
            told = {each.delivery.id: self._refused(each, at) for each in found}
            return {id_: text for id_, text in told.items() if text}

        return await asyncio.to_thread(work)

    def _line(self, candidate: Candidate, specs: Tried, redacting: Redacting, at: datetime) -> Line:
        hiding = redacting(candidate.submission)
        refused = self._refused(candidate, at)
        values = _values(candidate, at)
        today, tried = self._spec(candidate), specs.get(candidate.delivery.id)
        changed = None
        if tried is not None:
            changed = tuple(each.path for each in _changes(today, tried, candidate.delivery, values))
        return Line(
            candidate=candidate,
            verdict=self._verdict(candidate, hiding.text(refused)),
            message=hiding.text(candidate.delivery.message),
            changed=changed,
        )

    def _verdict(self, candidate: Candidate, unfit: str) -> Verdict:
        return verdict(candidate, _operation(self._spec(candidate), candidate.delivery), unfit)

    def _refused(self, candidate: Candidate, at: datetime) -> str:
        operation = _operation(self._spec(candidate), candidate.delivery)
        if operation.request is None:
            return ""
        try:
            render(operation.request, _values(candidate, at))
        except MappingRefused as refused:
            return f"{refused.target}：{refused.reason}"
        return ""


def _of_region(actor: Actor, found: Sequence[Candidate]) -> list[Candidate]:
    return [each for each in found if each.region.startswith(actor.region)]


def _check(actor: Actor) -> None:
    if not may_run_systems(actor):
        raise NotPermitted(actor.sub)


def _operation(system: System | None, delivery: Delivery) -> Operation:
    """Return what is sent for a delivery; of a system that is gone, a person's work."""
    if system is None:
        return Operation(
            name=delivery.operation, title=delivery.operation, mode="async", request=None, outcomes=(),
            resend_unknown="never",
        )  # fmt: skip
    if delivery.kind == "withdraw" and system.withdraw is not None:
        return system.withdraw
    return system.operation(delivery.operation)


def _values(candidate: Candidate, at: datetime) -> dict[str, object]:
    return values_for(
        candidate.submission, candidate.delivery, at=at, nonce="0" * 32, callback_url="(callback address)"
    )


def _shown(system: System | None, delivery: Delivery, values: Mapping[str, object], hiding: Redactor) -> DryRun:
    operation = _operation(system, delivery)
    if system is None:
        return DryRun(method="", path="", query={}, headers={}, body=None, refused="")
    return dry_run(system, operation, values, hiding)


def _changes(
    today: System | None, tried: System | None, delivery: Delivery, values: Mapping[str, object]
) -> tuple[PlaceChange, ...]:
    if today is None or tried is None:
        return ()
    return compare_documents(_message(tried, delivery, values), _message(today, delivery, values))


def _message(system: System, delivery: Delivery, values: Mapping[str, object]) -> Mapping[str, object]:
    """Return a message as one document, for comparing; what can't be filled is told in its place."""
    operation = _operation(system, delivery)
    if operation.request is None:
        return {}
    try:
        rendered = render(operation.request, values)
    except MappingRefused as refused:
        return {"(refused)": f"{refused.target}：{refused.reason}"}
    return {
        "path": rendered.path,
        "query": dict(rendered.query),
        "headers": dict(rendered.headers),
        "body": rendered.body,
    }


def _masked(change: PlaceChange, hiding: Redactor) -> PlaceChange:
    return PlaceChange(
        path=change.path,
        change=change.change,
        before=hiding.document(change.before),
        after=hiding.document(change.after),
    )
