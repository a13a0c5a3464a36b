"""`connectors.replaying.ReplayStore` in SQL: choosing reads in six statements, an act is one commit."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.ledger import Attempt, DeliveryState, DeskReason
from connectors.replay import (
    MOST_AT_ONCE,
    Act,
    Candidate,
    Choice,
    Group,
    KeptAct,
    LeftOut,
    Renewed,
    Verdict,
    Way,
    may_have_arrived,
)
from connectors.storage import rows
from connectors.storage.replay_tables import replayed, replays
from connectors.storage.tables import attempts, deliveries, desk_tasks, submissions
from matters.case import OPEN, CaseStatus
from matters.storage.tables import cases

_OPEN_CASES: Final = [status.value for status in OPEN]
_ON_DESK: Final = exists().where(
    desk_tasks.c.delivery_id == deliveries.c.id,
    desk_tasks.c.closed_at.is_(None),
    desk_tasks.c.reason.in_([DeskReason.UNKNOWN.value, DeskReason.GAVE_UP.value]),
)
_GROUPS: Final[Mapping[Group, ColumnElement[bool]]] = {
    "invalid": deliveries.c.state == DeliveryState.INVALID.value,
    "refused": deliveries.c.state == DeliveryState.REFUSED.value,
    "desk": and_(deliveries.c.state == DeliveryState.DESK.value, _ON_DESK),
    "auth": and_(deliveries.c.state == DeliveryState.HELD.value, deliveries.c.hold_reason == "auth"),
}


class SqlReplayStore:
    """Replays and what they replace."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def count(self, choice: Choice) -> int:
        wanted = select(func.count()).select_from(deliveries).where(_chosen(choice))
        async with self._reading.connect() as connection:
            return int((await connection.execute(wanted)).scalar_one())

    async def candidates(self, choice: Choice, *, most: int = MOST_AT_ONCE) -> Sequence[Candidate]:
        wanted = (
            select(deliveries).where(_chosen(choice)).order_by(deliveries.c.updated_at, deliveries.c.id).limit(most)
        )
        async with self._reading.connect() as connection:
            return await _gather(connection, wanted)

    async def named(self, system: str, delivery_ids: Collection[str]) -> Sequence[Candidate]:
        async with self._reading.connect() as connection:
            return await _gather(connection, _named(system, delivery_ids))

    async def attempts(self, delivery_id: str, *, most: int = 20) -> Sequence[Attempt]:
        wanted = (
            select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.number.desc()).limit(most)
        )
        async with self._reading.connect() as connection:
            return [rows.attempt(row) for row in (await connection.execute(wanted)).mappings()]

    async def append(
        self, act: Act, delivery_ids: Collection[str], decide: Callable[[Candidate], Verdict]
    ) -> KeptAct | None:
        async with self._engine.begin() as connection:
            is_new = await connection.execute(
                rows.insert_new(connection, replays).values(
                    id=act.id, system=act.system, by=act.by, who=act.who, reason=act.reason, at=act.at, appended=0,
                    left_out=[],
                )
            )  # fmt: skip
            if is_new.rowcount != 1:
                return None
            wanted = _named(act.system, delivery_ids).with_for_update()
            # Decided under the locks: what was settled, withdrawn or replayed since the preview is left out.
            decided = [(each, decide(each)) for each in await _gather(connection, wanted)]
            renewed = await _renew(connection, act, decided)
            left_out = [(c.delivery.case_number, v.left_out) for c, v in decided if v.left_out is not None]
            await connection.execute(
                update(replays)
                .where(replays.c.id == act.id)
                .values(appended=len(renewed), left_out=[[number, why.value] for number, why in left_out])
            )
            return KeptAct(act=act, renewed=renewed, left_out=left_out)

    async def act(self, system: str, act_id: str) -> KeptAct | None:
        async with self._reading.connect() as connection:
            kept = await connection.execute(select(replays).where(replays.c.id == act_id, replays.c.system == system))
            row = kept.mappings().first()
            if row is None:
                return None
            found = await connection.execute(
                select(replayed.c.delivery_id, replayed.c.was_state, replayed.c.way, *deliveries.c)
                .join(deliveries, deliveries.c.id == replayed.c.new_id)
                .where(replayed.c.replay_id == act_id)
                .order_by(deliveries.c.case_number)
            )
            return KeptAct(
                act=_act(row),
                renewed=[
                    Renewed(
                        delivery=rows.delivery(each),
                        before_id=each["delivery_id"],
                        before_state=DeliveryState(each["was_state"]),
                        way=Way(each["way"]),
                    )
                    for each in found.mappings()
                ],
                left_out=[(number, LeftOut(why)) for number, why in row["left_out"]],
            )

    async def acts(self, system: str, *, most: int) -> Sequence[tuple[Act, int]]:
        wanted = select(replays).where(replays.c.system == system).order_by(replays.c.at.desc()).limit(most)
        async with self._reading.connect() as connection:
            return [(_act(row), row["appended"]) for row in (await connection.execute(wanted)).mappings()]


def _named(system: str, delivery_ids: Collection[str]) -> Select[Any]:
    ids = list(delivery_ids)[:MOST_AT_ONCE]
    return select(deliveries).where(deliveries.c.id.in_(ids), deliveries.c.system == system).order_by(deliveries.c.id)


def _chosen(choice: Choice) -> ColumnElement[bool]:
    which = [deliveries.c.system == choice.system, or_(false(), *(_GROUPS[group] for group in sorted(choice.groups)))]
    if choice.since is not None:
        which.append(deliveries.c.updated_at >= choice.since)
    if choice.until is not None:
        which.append(deliveries.c.updated_at < choice.until)
    if choice.region:
        which.append(deliveries.c.region.startswith(choice.region, autoescape=True))
    if choice.cases:
        which.append(deliveries.c.case_number.in_(choice.cases))
    return and_(*which)


async def _gather(connection: AsyncConnection, wanted: Select[Any]) -> list[Candidate]:
    """Return the deliveries chosen by `wanted`, each with everything that decides about it."""
    found = (await connection.execute(wanted)).mappings().all()
    if not found:
        return []
    ids, numbers = [row["id"] for row in found], {row["case_number"] for row in found}
    frozen = await connection.execute(
        select(submissions).where(submissions.c.id.in_({row["submission_id"] for row in found}))
    )
    by_id = {row["id"]: rows.submission(row) for row in frozen.mappings()}
    reasons = await _reasons(connection, ids)
    errors = await _last_errors(connection, ids)
    stands = await _cases(connection, numbers)
    open_again = await _subjects_in_flight(connection, stands)
    of_case = await _of_cases(connection, numbers)
    return [
        Candidate(
            delivery=rows.delivery(row),
            submission=by_id[row["submission_id"]],
            matter_id=row["matter_id"],
            region=row["region"],
            reason=reasons.get(row["id"]),
            last_sent_at=row["last_sent_at"],
            last_error=errors.get(row["id"], ""),
            case_status=CaseStatus(stands[row["case_number"]]["status"]) if row["case_number"] in stands else None,
            applied_again=_is_in_flight(stands.get(row["case_number"]), open_again),
            later=frozenset(state for position, state in of_case[row["case_number"]] if position > row["position"]),
            next_position=max(position for position, _ in of_case[row["case_number"]]) + 1,
        )
        for row in found
    ]


async def _reasons(connection: AsyncConnection, ids: Collection[str]) -> dict[str, DeskReason]:
    found = await connection.execute(
        select(desk_tasks.c.delivery_id, desk_tasks.c.reason)
        .where(desk_tasks.c.delivery_id.in_(ids), desk_tasks.c.closed_at.is_(None))
        .order_by(desk_tasks.c.created_at)
    )
    return {row[0]: DeskReason(row[1]) for row in found}


async def _last_errors(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    every = attempts.alias("every")
    last = select(func.max(every.c.number)).where(every.c.delivery_id == deliveries.c.id).correlate(deliveries)
    found = await connection.execute(
        select(attempts.c.delivery_id, attempts.c.error)
        .select_from(deliveries)
        .join(attempts, and_(attempts.c.delivery_id == deliveries.c.id, attempts.c.number == last.scalar_subquery()))
        .where(deliveries.c.id.in_(ids))
    )
    return {row[0]: row[1] for row in found}


async def _cases(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, Any]:
    found = await connection.execute(
        select(cases.c.number, cases.c.status, cases.c.subject_key).where(cases.c.number.in_(numbers))
    )
    return {row["number"]: row for row in found.mappings()}


async def _subjects_in_flight(connection: AsyncConnection, stands: Mapping[str, Any]) -> dict[str, str]:
    """Return the open case by subject, of those whose cases are looked at."""
    keys = {row["subject_key"] for row in stands.values() if row["subject_key"]}
    if not keys:
        return {}
    found = await connection.execute(
        select(cases.c.subject_key, cases.c.number).where(
            cases.c.subject_key.in_(keys), cases.c.status.in_(_OPEN_CASES)
        )
    )
    return {row[0]: row[1] for row in found}


def _is_in_flight(case: Any, open_again: Mapping[str, str]) -> bool:
    if case is None or not case["subject_key"]:
        return False
    number: str = case["number"]
    return open_again.get(case["subject_key"], number) != number


async def _of_cases(
    connection: AsyncConnection, numbers: Collection[str]
) -> Mapping[str, list[tuple[int, DeliveryState]]]:
    found = await connection.execute(
        select(deliveries.c.case_number, deliveries.c.position, deliveries.c.state).where(
            deliveries.c.case_number.in_(numbers)
        )
    )
    by_case: dict[str, list[tuple[int, DeliveryState]]] = defaultdict(list)
    for number, position, state in found:
        by_case[number].append((position, DeliveryState(state)))
    return by_case


async def _renew(connection: AsyncConnection, act: Act, decided: Sequence[tuple[Candidate, Verdict]]) -> list[Renewed]:
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


def _act(row: Any) -> Act:
    return Act(
        id=row["id"], system=row["system"], by=row["by"], who=row["who"], reason=row["reason"], at=row["at"],
    )  # fmt: skip
