"""What follows from a case's move, written in the same commit: results, notices with their deliveries, events.

Everything is planned first and then written with a handful of statements, however many cases moved together.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from connectors.fanout import Happening, awaits, happenings_of
from connectors.notice_heads import head_of_result, way_over
from connectors.ports import DueOn
from connectors.receivers import Reflux
from connectors.reflux import (
    Decision,
    Moved,
    PlannedNotice,
    ResultRecord,
    amended,
    decision_of,
    is_amendment,
    is_paid,
    notices_of,
    result_of,
)
from connectors.storage import notice_rows
from connectors.storage.event_noticing import EventNoticing, PersonKey
from connectors.storage.notice_tables import notices, results
from connectors.storage.notice_writes import Outgoing, Writes, last_positions, write
from connectors.system import System
from matters.case import CaseStatus
from matters.errors import MatterError
from matters.guide import Matter

log = logs.get(__name__)
GuideOf = Callable[[AsyncConnection, str, int], Awaitable[Matter]]
"""Gives the guide of a matter in a version, read in the commit under way where it has to be read.

Raises:
    MatterError: there is none.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticing:
    """`events` keeps what happened by a case's move; `due_on` says until when a desk task is due."""

    reflux: Reflux
    events: EventNoticing
    systems: Mapping[str, System]
    guide_of: GuideOf
    person_key: PersonKey
    due_on: DueOn

    async def follow(self, connection: AsyncConnection, moved: Sequence[Moved], *, at: datetime) -> None:
        """Write what follows from these events of cases; the cases are locked by the caller's own writes."""
        decided = [(each, decision) for each in moved if (decision := decision_of(each)) is not None]
        changed = [each for each in moved if is_amendment(each) or each.event.status is CaseStatus.DELIVERED]
        of_events = [each for each in moved if awaits(each.case.matter_id, self.events.fanouts)]
        if not (decided or changed or of_events):
            return
        writes = Writes(due_at=self.due_on(at), at=at)
        for each, decision in decided:
            await self._decided(connection, writes, each, decision)
        if changed:
            await self._changed(connection, writes, changed)
        await write(connection, writes)
        happened = [h for each in of_events for h in await self._happenings(connection, each)]
        if happened:
            await self.events.happen(connection, happened, at=at)

    async def _guide(self, connection: AsyncConnection, each: Moved) -> Matter | None:
        try:
            return await self.guide_of(connection, each.case.matter_id, each.case.guide_version)
        except MatterError:
            # A case is never held up by what should flow back from it.
            log.exception("reflux_guide_missing", matter=each.case.matter_id, version=each.case.guide_version)
            return None

    async def _happenings(self, connection: AsyncConnection, each: Moved) -> list[Happening]:
        matter = await self._guide(connection, each)
        return [] if matter is None else list(happenings_of(each, matter, self.events.fanouts, self.reflux))

    async def _decided(self, connection: AsyncConnection, writes: Writes, each: Moved, decision: Decision) -> None:
        matter = await self._guide(connection, each)
        if matter is None:
            return
        result = result_of(each, matter, self.reflux, decision)
        writes.results.append(notice_rows.result_row(result, self.person_key))
        for count, planned in enumerate(notices_of(result, matter, self.reflux), 1):
            number = f"{result.case_number}-H{count}"
            writes.notices.append(notice_rows.notice_row(number, result, planned, at=writes.at))
            self._tell_first(writes, number, result, planned)

    def _tell_first(self, writes: Writes, number: str, result: ResultRecord, planned: PlannedNotice) -> None:
        """Tell a receiver, unless a payment is waited for or nobody is told of it."""
        receiver = planned.receiver
        if receiver is None or planned.awaits_payment or receiver.way not in ("system", "hand"):
            return
        head = head_of_result(
            number, 1, result, trigger=planned.trigger, consumers=planned.consumers, basis=receiver.basis
        )
        writes.outgoing.append(
            Outgoing(
                number=number,
                position=1,
                head=head,
                items=result.items,
                goes_at=planned.goes_at,
                matter_id=result.matter_id,
                way=way_over(
                    self.systems, receiver.system or receiver.id, receiver.operation, result.region,
                    by_hand=receiver.way == "hand",
                ),
            )
        )  # fmt: skip

    async def _changed(self, connection: AsyncConnection, writes: Writes, changed: Sequence[Moved]) -> None:
        kept = await _kept_results(connection, {each.case.number for each in changed})
        if not kept:
            return
        by_case = await _told_of(connection, list(kept))
        last = await last_positions(connection, [row["number"] for of_case in by_case.values() for row in of_case])
        for each in changed:
            before = kept.get(each.case.number)
            matter = await self._guide(connection, each) if before is not None else None
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
        number = row["number"]
        position = last[number] = last.get(number, 0) + 1
        head = head_of_result(
            number, position, after,
            trigger=row["trigger"], consumers=row["consumers"], basis=row["basis"], changed=fields,
        )  # fmt: skip
        writes.outgoing.append(
            Outgoing(
                number=number,
                position=position,
                head=head,
                items=after.items,
                goes_at=writes.at,
                matter_id=after.matter_id,
                way=way_over(
                    self.systems, receiver.system or receiver.id, receiver.operation, after.region,
                    by_hand=row["way"] == "hand", is_first=position == 1,
                ),
            )
        )  # fmt: skip
        writes.told.append({"_number": number, "fields": list(after.items), "awaits_payment": False})


async def _kept_results(connection: AsyncConnection, case_numbers: set[str]) -> dict[str, ResultRecord]:
    found = await connection.execute(select(results).where(results.c.case_number.in_(case_numbers)).with_for_update())
    return {row["case_number"]: notice_rows.result(row) for row in found.mappings()}


async def _told_of(connection: AsyncConnection, case_numbers: Sequence[str]) -> Mapping[str, Sequence[Any]]:
    """Return the rows of the notices of each case."""
    told = await connection.execute(select(notices).where(notices.c.case_number.in_(case_numbers)))
    by_case: dict[str, list[Any]] = defaultdict(list)
    for row in told.mappings():
        by_case[row["case_number"]].append(row)
    return by_case
