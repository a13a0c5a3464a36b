"""Events and the notices their fan-outs ask for, written in the caller's commit."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.fanout import Event, Happening, operation_for
from connectors.fanout_spec import FanoutAction, Fanouts
from connectors.ledger import DeliveryState, DeskReason
from connectors.notice_heads import NoticeWay, head_of_event, way_over
from connectors.ports import DueOn
from connectors.storage import notice_rows, rows
from connectors.storage.notice_tables import events, notices
from connectors.storage.notice_writes import Outgoing, Writes, last_positions, write
from connectors.storage.tables import deliveries
from connectors.system import System

PersonKey = Callable[[str], str]
"""Hashes an identity number with a secret."""
_OVER: Final = frozenset({DeliveryState.REFUSED.value, DeliveryState.CANCELLED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNoticing:
    """`due_on` says until when a desk task is due."""

    fanouts: Fanouts
    systems: Mapping[str, System]
    person_key: PersonKey
    due_on: DueOn

    async def happen(self, connection: AsyncConnection, happened: Sequence[Happening], *, at: datetime) -> list[str]:
        """Keep what is new of it, with its notices; return the numbers of the new events."""
        keyed = [(each, self.person_key(each.id_number)) for each in happened if each.id_number]
        if not keyed:
            return []
        known = await _known(connection, {key for _, key in keyed}, {each.source for each, _ in keyed})
        fresh = _new_of(keyed, known, at=at)
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
        for count, action in enumerate(happened.fanout.actions, 1):
            if action.how.reflux:
                continue  # the reflux of the same case tells them
            number = f"{event}-{count}"
            writes.notices.append(notice_rows.event_notice_row(number, event, happened, action, at=writes.at))
            writes.outgoing.append(
                Outgoing(
                    number=number,
                    position=1,
                    head=head_of_event(number, 1, action, happened, "act"),
                    items=happened.items,
                    goes_at=writes.at,
                    matter_id=action.matter,
                    way=self._way_of(action, happened.region),
                )
            )

    def _way_of(self, action: FanoutAction, region: str) -> NoticeWay:
        system = notice_rows.receiver_of(action)
        if action.how.visit:
            return NoticeWay(system=system, operation="visit", desk=DeskReason.VISIT)
        return way_over(self.systems, system, action.how.operation, region, by_hand=not action.system)

    async def decide(
        self, connection: AsyncConnection, event: Event, step: Literal["undo", "confirm"], *, reason: str, at: datetime
    ) -> None:
        """Tell everybody who was told of an event that it is undone or confirmed; the caller moved the event."""
        fanout = self.fanouts.get(event.fanout)
        if fanout is None:
            return
        told = await connection.execute(select(notices.c.number).where(notices.c.event_number == event.number))
        numbers = list(told.scalars())
        last = await last_positions(connection, numbers)
        over = await _never_taken(connection, numbers)
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
            if number not in numbers or number in over or not operation:
                continue
            position = last.get(number, 0) + 1
            writes.outgoing.append(
                Outgoing(
                    number=number,
                    position=position,
                    head=head_of_event(number, position, action, happened, step, reason),
                    items=event.items,
                    goes_at=at,
                    matter_id=action.matter,
                    way=way_over(self.systems, action.system, operation, event.region, by_hand=False, is_first=False),
                )
            )
        await write(connection, writes)


def _new_of(
    keyed: Sequence[tuple[Happening, str]], known: list[dict[str, Any]], *, at: datetime
) -> dict[str, tuple[Happening, dict[str, Any]]]:
    """Return what is new beside the events that are known, with its row, by the row's number; it is known from then on."""
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
    return fresh


async def _known(connection: AsyncConnection, keys: Collection[str], sources: Collection[str]) -> list[dict[str, Any]]:
    wanted = (events.c.fanout, events.c.person_key, events.c.state, events.c.source)
    found = await connection.execute(
        select(*wanted).where(events.c.person_key.in_(list(keys)) | events.c.source.in_(list(sources)))
    )
    return [dict(row) for row in found.mappings()]


async def _never_taken(connection: AsyncConnection, numbers: Sequence[str]) -> frozenset[str]:
    """Return the notices whose first delivery its receiver refused: there is nothing to undo or to confirm there."""
    found = await connection.execute(
        select(deliveries.c.case_number).where(
            deliveries.c.case_number.in_(numbers), deliveries.c.position == 1, deliveries.c.state.in_(_OVER)
        )
    )
    return frozenset(found.scalars())
