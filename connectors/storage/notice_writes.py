"""Writing results, notices and their deliveries: one statement a table, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.ledger import DeliveryState
from connectors.notice_heads import NoticeWay
from connectors.notices import Head, content_of
from connectors.storage import rows
from connectors.storage.notice_tables import notices, results
from connectors.storage.tables import deliveries, desk_tasks, submissions
from connectors.submission import sha256_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One delivery of a notice, the `position`-th of it; the worker sends it at `goes_at` unless a person carries it."""

    number: str
    position: int
    head: Head
    items: Mapping[str, object] = field(repr=False)
    goes_at: datetime
    matter_id: str
    way: NoticeWay


@dataclass(slots=True, kw_only=True)
class Writes:
    """Everything one commit adds or changes; `due_at` is until when a person has to carry something."""

    at: datetime
    due_at: datetime
    results: list[dict[str, Any]] = field(default_factory=list)
    changed_results: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)


async def last_positions(connection: AsyncConnection, numbers: Sequence[str]) -> dict[str, int]:
    """Return the position of the last delivery of each of these notices that has one."""
    found = await connection.execute(
        select(deliveries.c.case_number, func.max(deliveries.c.position))
        .where(deliveries.c.case_number.in_(numbers))
        .group_by(deliveries.c.case_number)
    )
    return {row[0]: int(row[1]) for row in found}


async def write(connection: AsyncConnection, writes: Writes) -> None:
    """Write all of it inside the caller's transaction."""
    if writes.results:
        # A department may decide once only; a row that is there already belongs to a decision told before.
        await connection.execute(rows.insert_new(connection, results), writes.results)
    if writes.changed_results:
        changes = [{"_key": row["case_number"], **_amendable(row)} for row in writes.changed_results]
        await _update(connection, results, "case_number", changes)
    if writes.notices:
        await connection.execute(insert(notices), writes.notices)
    if writes.told:
        await _update(connection, notices, "number", [{"_key": row.pop("_number"), **row} for row in writes.told])
    if writes.outgoing:
        await _send(connection, writes)


def _amendable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("decision", "items", "amended_at", "revision")}


async def _update(connection: AsyncConnection, table: Table, key: str, changes: list[dict[str, Any]]) -> None:
    columns: dict[str, Any] = {name: bindparam(f"b_{name}") for name in changes[0] if name != "_key"}
    bound = [{"_key": row["_key"], **{f"b_{n}": v for n, v in row.items() if n != "_key"}} for row in changes]
    await connection.execute(update(table).where(table.c[key] == bindparam("_key")).values(columns), bound)


async def _send(connection: AsyncConnection, writes: Writes) -> None:
    frozen, queued, tasks = [], [], []
    for each in writes.outgoing:
        key, submission = str(uuid4()), str(uuid4())
        content = content_of(each.head, each.items)
        frozen.append(
            {
                "id": submission,
                "case_number": each.number,
                "created_at": writes.at,
                "content": content,
                "sha256": sha256_of(content),
            }
        )
        state = DeliveryState.QUEUED if each.way.desk is None else DeliveryState.DESK
        queued.append(
            {
                "id": key,
                "submission_id": submission,
                "case_number": each.number,
                "known_as": each.head.number if each.head.number != each.number else None,
                "position": each.position,
                "system": each.way.system,
                "operation": each.way.operation,
                "kind": each.head.kind,
                "key": key,
                "matter_id": each.matter_id,
                "unit": each.head.unit[:40],
                "region": each.head.region,
                "state": state.value,
                "created_at": writes.at,
                "updated_at": writes.at,
                "next_attempt_at": each.goes_at if each.way.desk is None else None,
            }
        )
        if each.way.desk is not None:
            tasks.append(
                {
                    "id": str(uuid4()),
                    "delivery_id": key,
                    "system": each.way.system,
                    "unit": each.head.unit[:40],
                    "region": each.head.region,
                    "reason": each.way.desk.value,
                    "note": each.head.reason,
                    "created_at": writes.at,
                    "due_at": writes.due_at,
                }
            )
    await connection.execute(insert(submissions), frozen)
    await connection.execute(insert(deliveries), queued)
    if tasks:
        await connection.execute(insert(desk_tasks), tasks)
