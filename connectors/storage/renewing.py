"""Sending anew: a new delivery behind all others of its case; the old one keeps its history and nothing else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.ledger import DeliveryState
from connectors.replay import Act, Candidate, Renewed, Verdict, Way, may_have_arrived
from connectors.storage import rows
from connectors.storage.replay_tables import replayed
from connectors.storage.tables import deliveries, desk_tasks


async def renew(connection: AsyncConnection, act: Act, decided: Sequence[tuple[Candidate, Verdict]]) -> list[Renewed]:
    """Append a new delivery for each that has a way; the old one is left out of everything but its history."""
    going = [(candidate, verdict.way) for candidate, verdict in decided if verdict.way is not None]
    if not going:
        return []
    before = [candidate.delivery.id for candidate, _ in going]
    found = await connection.execute(select(deliveries).where(deliveries.c.id.in_(before)))
    old = {row["id"]: row for row in found.mappings()}
    positions = _positions(going)
    new = [
        _new_row(old[candidate.delivery.id], candidate, way, position=positions[candidate.delivery.id], at=act.at)
        for candidate, way in going
    ]
    await connection.execute(insert(deliveries), new)
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(before))
        .values(state=DeliveryState.REPLAYED.value, next_attempt_at=None, next_poll_at=None, updated_at=act.at)
    )
    await connection.execute(
        update(desk_tasks)
        .where(desk_tasks.c.delivery_id.in_(before), desk_tasks.c.closed_at.is_(None))
        .values(closed_at=act.at, closed_by=act.by[:100], result="replayed")
    )
    kept = [
        {
            "delivery_id": candidate.delivery.id,
            "new_id": row["id"],
            "replay_id": act.id,
            "was_state": candidate.delivery.state.value,
            "way": way.value,
        }
        for (candidate, way), row in zip(going, new, strict=True)
    ]
    await connection.execute(insert(replayed), kept)
    appended = await connection.execute(select(deliveries).where(deliveries.c.id.in_([row["id"] for row in new])))
    by_id = {row["id"]: rows.delivery(row) for row in appended.mappings()}
    return [
        Renewed(delivery=by_id[row["new_id"]], before_id=row["delivery_id"],
                before_state=DeliveryState(row["was_state"]), way=Way(row["way"]))
        for row in kept
    ]  # fmt: skip


def _positions(going: Sequence[tuple[Candidate, Way]]) -> dict[str, int]:
    """Return the place of each new delivery in its case, behind all there are, in the order of the old ones."""
    taken: dict[str, int] = {}
    found: dict[str, int] = {}
    for candidate, _ in sorted(going, key=lambda each: each[0].delivery.position):
        number = candidate.delivery.case_number
        taken[number] = taken.get(number, candidate.next_position - 1) + 1
        found[candidate.delivery.id] = taken[number]
    return found


def _new_row(old: Any, candidate: Candidate, way: Way, *, position: int, at: datetime) -> dict[str, Any]:
    id_ = str(uuid4())
    is_unknown = way is Way.LOOK_UP
    copied = ("submission_id", "case_number", "known_as", "system", "operation", "kind", "matter_id", "unit", "region")
    return {
        **{name: old[name] for name in copied},
        "id": id_,
        "key": id_,
        "sent_key": None if way is Way.NEW_KEY else old["sent_key"] or old["key"],
        "position": position,
        "state": (DeliveryState.UNKNOWN if is_unknown else DeliveryState.QUEUED).value,
        "created_at": at,
        "updated_at": at,
        "next_attempt_at": at,
        # Asking waits until "not found" can be believed, counted from when the old one last may have left; and a
        # withdrawal tells a department that may have the case, also before the new one went out.
        "last_sent_at": old["last_sent_at"] if may_have_arrived(candidate) else None,
        "department_number": old["department_number"] if old["kind"] == "withdraw" else "",
    }
