"""What follows from a case's move, written in the same commit: results, notices with their deliveries, events.

Everything is planned first and then written with a handful of statements, however many cases moved together.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config import logs
from connectors.fanout import Event, Happening, Step, awaits, happenings_of, operation_for
from connectors.fanout_spec import Fanouts
from connectors.flows import Flows
from connectors.ledger import DeliveryState, DeskReason
from connectors.notices import STATES, Head
from connectors.ports import DueOn
from connectors.receivers import Reflux
from connectors.reflux import (
    Decision,
    Moved,
    ResultRecord,
    amended,
    decision_of,
    is_amendment,
    is_paid,
    notices_of,
    result_of,
)
from connectors.storage import notice_rows, rows
from connectors.storage.notice_tables import events, notices, results
from connectors.storage.notice_writes import Outgoing, Writes, write
from connectors.storage.tables import deliveries
from connectors.system import System
from matters.case import CaseStatus
from matters.errors import MatterError
from matters.guide import Matter
from matters.storage.guides import SqlGuideStore

log = logs.get(__name__)
GuideOf = Callable[[str, int], Awaitable[Matter]]
"""Gives the guide of a matter in a version.

Raises:
    MatterError: there is none.
"""
PersonKey = Callable[[str], str]
_OVER = frozenset({DeliveryState.REFUSED.value, DeliveryState.CANCELLED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticing:
    """`person_key` hashes an identity number with a secret; `due_on` says until when a desk task is due."""

    reflux: Reflux
    fanouts: Fanouts
    systems: Mapping[str, System]
    guide_of: GuideOf
    person_key: PersonKey
    due_on: DueOn

    async def follow(self, connection: AsyncConnection, moved: Sequence[Moved], *, at: datetime) -> None:
        """Write what follows from these events of cases; the cases are locked by the caller's own writes."""
        decided = [(each, decision) for each in moved if (decision := decision_of(each)) is not None]
        changed = [each for each in moved if is_amendment(each) or each.event.status is CaseStatus.DELIVERED]
        of_events = [each for each in moved if awaits(each.case.matter_id, self.fanouts)]
        if not (decided or changed or of_events):
            return
        writes = Writes(due_at=self.due_on(at), at=at)
        for each, decision in decided:
            await self._decided(writes, each, decision)
        if changed:
            await self._changed(connection, writes, changed)
        await write(connection, writes)
        happened = [h for each in of_events for h in await self._happenings(each)]
        if happened:
            await self.happen(connection, happened, at=at)

    async def _guide(self, each: Moved) -> Matter | None:
        try:
            return await self.guide_of(each.case.matter_id, each.case.guide_version)
        except MatterError:
            # A case is never held up by what should flow back from it.
            log.exception("reflux_guide_missing", matter=each.case.matter_id, version=each.case.guide_version)
            return None

    async def _happenings(self, each: Moved) -> list[Happening]:
        matter = await self._guide(each)
        return [] if matter is None else list(happenings_of(each, matter, self.fanouts, self.reflux))

    async def _decided(self, writes: Writes, each: Moved, decision: Decision) -> None:
        matter = await self._guide(each)
        if matter is None:
            return
        result = result_of(each, matter, self.reflux, decision)
        writes.results.append(notice_rows.result_row(result, self.person_key))
        for number, planned in enumerate(notices_of(result, matter, self.reflux), 1):
            name = f"{result.case_number}-H{number}"
            writes.notices.append(notice_rows.notice_row(name, result, planned, at=writes.at))
            if planned.receiver is None or planned.awaits_payment or planned.way not in ("system", "hand"):
                continue
            head = _head(name, 1, result, "new", planned.trigger, planned.consumers, planned.receiver.basis)
            writes.outgoing.append(
                Outgoing(
                    number=name,
                    position=1,
                    kind="reflux",
                    head=head,
                    items=result.items,
                    goes_at=planned.goes_at,
                    matter_id=result.matter_id,
                    **self._way(
                        planned.receiver.way,
                        planned.receiver.system or planned.receiver.id,
                        planned.receiver.operation,
                        head,
                    ),
                )
            )

    def _way(self, way: str, system: str, operation: str, head: Head, *, is_first: bool = True) -> dict[str, Any]:
        """Return system, operation and state of a delivery: by hand where nobody can send it.

        A system that is leaving is told nothing new, but still what follows on what it was told.
        """
        known = self.systems.get(system)
        by_hand = way == "hand" or known is None or _is_by_hand(known, operation, head.region, is_first=is_first)
        return {
            "system": system,
            "operation": operation or "hand_over",
            "desk": DeskReason.HAND_OVER if by_hand else None,
        }

    async def _changed(self, connection: AsyncConnection, writes: Writes, changed: Sequence[Moved]) -> None:
        numbers = {each.case.number for each in changed}
        found = await connection.execute(select(results).where(results.c.case_number.in_(numbers)).with_for_update())
        kept = {row["case_number"]: notice_rows.result(row) for row in found.mappings()}
        if not kept:
            return
        told = await connection.execute(select(notices).where(notices.c.case_number.in_(list(kept))))
        by_case: dict[str, list[Any]] = {}
        for row in told.mappings():
            by_case.setdefault(row["case_number"], []).append(row)
        last = await _last_positions(connection, [row["number"] for of_case in by_case.values() for row in of_case])
        for each in changed:
            before = kept.get(each.case.number)
            matter = await self._guide(each) if before is not None else None
            if before is None or matter is None:
                continue
            after, fields = amended(before, each, matter, self.reflux)
            kept[each.case.number] = after
            if fields:
                writes.changed_results.append(notice_rows.result_row(after, self.person_key))
            is_handed_over = each.event.status is CaseStatus.DELIVERED
            for row in by_case.get(each.case.number, ()):
                self._tell_again(writes, row, after, fields, last, is_paid(after, self.reflux) or is_handed_over)

    def _tell_again(
        self,
        writes: Writes,
        row: Any,
        after: ResultRecord,
        fields: Sequence[str],
        last: dict[str, int],
        may_go: bool,
    ) -> None:
        """Tell a receiver what changed, or for the first time where a payment was waited for."""
        if row["way"] not in ("system", "hand") or (row["awaits_payment"] and not may_go):
            return
        if not fields and not row["awaits_payment"]:
            return
        receiver = self.reflux.by_id.get(row["receiver"])
        if receiver is None:
            log.error("reflux_receiver_gone", receiver=row["receiver"])
            return
        position = last[row["number"]] = last.get(row["number"], 0) + 1
        status = "revoked" if after.decision == "revoked" else "new" if position == 1 else "amended"
        head = _head(row["number"], position, after, status, row["trigger"], row["consumers"], row["basis"], fields)
        writes.outgoing.append(
            Outgoing(
                number=row["number"],
                position=position,
                kind="reflux",
                head=head,
                items=after.items,
                goes_at=writes.at,
                matter_id=after.matter_id,
                **self._way(
                    row["way"],
                    receiver.system or receiver.id,
                    receiver.operation,
                    head,
                    is_first=position == 1,
                ),
            )
        )
        writes.told.append({"_number": row["number"], "fields": list(after.items), "awaits_payment": False})

    async def happen(self, connection: AsyncConnection, happened: Sequence[Happening], *, at: datetime) -> list[str]:
        """Keep what is new of it, with its notices; return the numbers of the new events."""
        keyed = [(each, self.person_key(each.id_number)) for each in happened if each.id_number]
        if not keyed:
            return []
        known = await _known(connection, {key for _, key in keyed}, {each.source for each, _ in keyed})
        fresh: dict[str, tuple[Happening, dict[str, Any]]] = {}
        for each, key in keyed:
            earlier = [row for row in known if row["fanout"] == each.fanout.id]
            of_person = [row for row in earlier if row["person_key"] == key]
            stands = each.fanout.once_per_person and any(row["state"] != "undone" for row in of_person)
            if stands or any(row["source"] == each.source for row in earlier):
                continue
            row = notice_rows.event_row(each, key, cycle=len(of_person), at=at)
            known.append(row)
            fresh[row["number"]] = (each, row)
        if not fresh:
            return []
        # Another process may have come first between our look and this: then nothing is written and nothing follows.
        kept = await connection.execute(
            rows.insert_new(connection, events).values([row for _, row in fresh.values()]).returning(events.c.number)
        )
        new = [number for (number,) in kept]
        writes = Writes(due_at=self.due_on(at), at=at)
        for number in new:
            self._act(writes, number, fresh[number][0])
        await write(connection, writes)
        return new

    def _act(self, writes: Writes, event: str, happened: Happening) -> None:
        fanout = happened.fanout
        for count, action in enumerate(fanout.actions, 1):
            if action.how.reflux:
                continue  # the reflux of the same case tells them
            number = f"{event}-{count}"
            receiver = action.system or "township"
            way = "system" if action.system else "hand"
            writes.notices.append(
                {
                    "number": number,
                    "case_number": happened.case_number,
                    "event_number": event,
                    "receiver": receiver,
                    "way": way,
                    "consumers": [],
                    "action": action.action,
                    "trigger": fanout.id,
                    "basis": fanout.basis,
                    "fields": list(happened.items),
                    "awaits_payment": False,
                    "is_sensitive": False,
                    "created_at": writes.at,
                }
            )
            head = _event_head(number, 1, fanout.id, fanout.basis, action.action, action.matter, happened, "act")
            out = (
                {"system": receiver, "operation": "visit", "desk": DeskReason.VISIT}
                if action.how.visit
                else self._way(way, receiver, action.how.operation, head)
            )
            writes.outgoing.append(
                Outgoing(
                    number=number,
                    position=1,
                    kind="event",
                    head=head,
                    items=happened.items,
                    goes_at=writes.at,
                    matter_id=action.matter,
                    **out,
                )
            )

    async def decide(
        self, connection: AsyncConnection, event: Event, step: Literal["undo", "confirm"], *, reason: str, at: datetime
    ) -> None:
        """Tell everybody who was told of an event that it is undone or confirmed; the caller moved the event."""
        fanout = self.fanouts.get(event.fanout)
        if fanout is None:
            return
        told = await connection.execute(select(notices).where(notices.c.event_number == event.number))
        by_number = {row["number"]: row for row in told.mappings()}
        last = await _last_positions(connection, list(by_number))
        over = await _never_taken(connection, list(by_number))
        happened = Happening(
            fanout=fanout,
            source=event.source,
            case_number=event.case_number,
            items=event.items,
            region=event.region,
            unit=event.unit,
            happened_at=event.happened_at,
        )
        writes = Writes(due_at=self.due_on(at), at=at)
        for count, action in enumerate(fanout.actions, 1):
            number, operation = f"{event.number}-{count}", operation_for(action, step)
            if number not in by_number or number in over or not operation:
                continue
            position = last.get(number, 0) + 1
            head = _event_head(
                number, position, fanout.id, fanout.basis, action.action, action.matter, happened, step, reason
            )
            writes.outgoing.append(
                Outgoing(
                    number=number,
                    position=position,
                    kind="event",
                    head=head,
                    items=event.items,
                    goes_at=at,
                    matter_id=action.matter,
                    **self._way("system", action.system, operation, head, is_first=False),
                )
            )
        await write(connection, writes)


def _is_by_hand(system: System, operation: str, region: str, *, is_first: bool) -> bool:
    if is_first:
        return system.is_by_hand(operation, region)
    here = system.in_region(region)
    return here.service == "retired" or here.operation(operation).manual


def _head(
    number: str,
    position: int,
    result: ResultRecord,
    status: str,
    trigger: str,
    consumers: Sequence[str],
    basis: str,
    changed: Sequence[str] = (),
) -> Head:
    return Head(
        number=notice_rows.known_as(number, position),
        kind="reflux",
        status=status,
        action="",
        revision=result.revision,
        case=result.case_number,
        matter=result.matter_id,
        matter_name=result.matter_name,
        decided_at=result.decided_at.isoformat(),
        trigger=trigger,
        consumers="、".join(consumers),
        basis=basis,
        region=result.region,
        unit=result.unit,
        changed=tuple(changed),
    )


def _event_head(
    number: str,
    position: int,
    fanout: str,
    basis: str,
    action: str,
    matter: str,
    happened: Happening,
    step: Step,
    reason: str = "",
) -> Head:
    return Head(
        number=notice_rows.known_as(number, position),
        kind="event",
        status=STATES[step],
        action=action,
        revision=position,
        case=happened.case_number,
        matter=matter,
        matter_name="",
        decided_at=happened.happened_at.isoformat(),
        trigger=fanout,
        consumers="",
        basis=basis,
        region=happened.region,
        unit=happened.unit,
        reason=reason,
    )


async def _last_positions(connection: AsyncConnection, numbers: Sequence[str]) -> dict[str, int]:
    found = await connection.execute(
        select(deliveries.c.case_number, func.max(deliveries.c.position))
        .where(deliveries.c.case_number.in_(numbers))
        .group_by(deliveries.c.case_number)
    )
    return {row[0]: int(row[1]) for row in found}


async def _never_taken(connection: AsyncConnection, numbers: Sequence[str]) -> frozenset[str]:
    """Return the notices whose first delivery its receiver refused: there is nothing to undo or to confirm there."""
    found = await connection.execute(
        select(deliveries.c.case_number).where(
            deliveries.c.case_number.in_(numbers), deliveries.c.position == 1, deliveries.c.state.in_(_OVER)
        )
    )
    return frozenset(found.scalars())


async def _known(connection: AsyncConnection, keys: Collection[str], sources: Collection[str]) -> list[Any]:
    wanted = (events.c.fanout, events.c.person_key, events.c.state, events.c.source)
    found = await connection.execute(
        select(*wanted).where(events.c.person_key.in_(list(keys)) | events.c.source.in_(list(sources)))
    )
    return [dict(row) for row in found.mappings()]


def open_noticing(
    engine: AsyncEngine,
    *,
    flows: Flows,
    systems: Mapping[str, System],
    guide: Callable[[str], Matter | None],
    secret: bytes,
    due_on: DueOn,
) -> Noticing:
    """Return what writes notices. `guide` gives the published matter of an id; older versions are read once and kept."""
    store = SqlGuideStore(engine)
    known: dict[tuple[str, int], Matter] = {}

    async def guide_of(matter_id: str, version: int) -> Matter:
        current = guide(matter_id)
        if current is not None and current.guide.basic_info.version == version:
            return current
        if (matter_id, version) not in known:
            known[matter_id, version] = await store.load(matter_id, version)
        return known[matter_id, version]

    def person_key(id_number: str) -> str:
        return hmac.new(secret, id_number.upper().encode(), hashlib.sha256).hexdigest()

    return Noticing(
        reflux=flows.reflux,
        fanouts=flows.fanouts,
        systems=systems,
        guide_of=guide_of,
        person_key=person_key,
        due_on=due_on,
    )
