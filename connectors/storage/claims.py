"""Taking deliveries up, keeping them, giving dead workers' deliveries back. Each is one guarded statement."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import RowMapping, Select, and_, case, exists, func, literal, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from connectors.ledger import DUE, IN_THE_WAY, LEASED, DeliveryState, HoldReason, Lease, LeaseLost
from connectors.storage import rows
from connectors.storage.tables import attempts, deliveries, submissions
from connectors.storage.taken_back import cancel_taken_back, cancelled_withdrawals

FARTHEST_LEASE: Final = timedelta(minutes=5)
_DUE = [state.value for state in DUE]
_LEASED = [state.value for state in LEASED]
_IN_THE_WAY = [state.value for state in IN_THE_WAY]
_FREED = (deliveries.c.id, deliveries.c.system, deliveries.c.kind, deliveries.c.case_number, deliveries.c.state)


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(deliveries.c.state.in_(_DUE), deliveries.c.next_attempt_at <= at)


async def due_systems(connection: AsyncConnection, among: Collection[str], at: datetime) -> Sequence[str]:
    """Return those of these systems that have something due: a look at the first of each, however many wait."""
    if not among:
        return []
    # In the order of the index, so that no planner goes through what was delivered long ago to find one that waits.
    each = [
        select(literal(system).label("system")).where(
            select(deliveries.c.next_attempt_at)
            .where(deliveries.c.system == system, _is_due(at))
            .order_by(deliveries.c.next_attempt_at)
            .limit(1)
            .scalar_subquery()
            .is_not(None)
        )
        for system in sorted(among)
    ]
    found = await connection.execute(union_all(*each))
    return [row[0] for row in found]


def turn_of(system: str) -> Select[tuple[bool]]:
    """Ask for the turn to take up deliveries of `system`, without waiting; it ends with the transaction (PostgreSQL).

    Whoever counts what others hold has to see all of it: two who count at the same moment would both find room.
    """
    key = int.from_bytes(hashlib.sha256(f"claim {system}".encode()).digest()[:8], signed=True)
    return select(func.pg_try_advisory_xact_lock(key))


async def take_turn(connection: AsyncConnection, system: str) -> bool:
    """Tell whether it is this transaction's turn; on SQLite there is one writer at a time anyway."""
    if connection.dialect.name != "postgresql":
        return True
    return bool((await connection.execute(turn_of(system))).scalar())


def _places(system: str, at_once: int, at: datetime) -> ColumnElement[int]:
    """How many more may be taken up beside those that all workers have under a lease."""
    held = deliveries.alias("held")
    # Among what is leased, which is little, and not among what waits.
    taken = select(func.count()).where(held.c.lease_until > at, held.c.system == system, held.c.state.in_(_LEASED))
    left = literal(at_once) - taken.scalar_subquery()
    return case((left > 0, left), else_=0)


async def claim(
    connection: AsyncConnection,
    *,
    system: str,
    owner: str,
    at: datetime,
    lease: timedelta,
    most: int,
    without: Collection[str] = (),
    at_once: int | None = None,
) -> list[Lease]:
    """Take up at most `most` due deliveries of `system`; nobody else has or gets them while the lease lasts.

    Operations in `without` are left alone: they are held. With `at_once`, all workers together never hold more than
    that; who asks for it has the turn (`take_turn`).

    A later delivery of a case waits for the earlier ones. SKIP LOCKED keeps workers out of each other's way on
    PostgreSQL; on SQLite the one UPDATE is the guard.
    """
    earlier = deliveries.alias("earlier")
    blocked = exists().where(
        earlier.c.case_number == deliveries.c.case_number,
        earlier.c.position < deliveries.c.position,
        earlier.c.state.in_(_IN_THE_WAY),
    )
    which = [deliveries.c.system == system, _is_due(at), ~blocked]
    if without:
        which.append(deliveries.c.operation.not_in(without))
    chosen = (
        select(deliveries.c.id)
        .where(*which)
        .order_by(deliveries.c.next_attempt_at, deliveries.c.created_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    if at_once is not None:
        # The first `most` are found along the index with a limit the planner knows; what there is no room for is left.
        first = chosen.subquery("first")
        chosen = select(first.c.id).limit(_places(system, at_once, at))
    to_state = case(
        (deliveries.c.state == DeliveryState.UNKNOWN.value, DeliveryState.PROBING.value),
        else_=DeliveryState.SENDING.value,
    )
    until = at + lease
    taken = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(chosen), deliveries.c.state.in_(_DUE))
        .values(
            state=to_state,
            lease_owner=owner,
            lease_until=until,
            fence=deliveries.c.fence + 1,
            hold_reason="",
            updated_at=at,
        )
        .returning(deliveries)
    )
    found = taken.mappings().all()
    if not found:
        return []
    frozen = await connection.execute(
        select(submissions).where(submissions.c.id.in_({row["submission_id"] for row in found}))
    )
    by_id = {row["id"]: rows.submission(row) for row in frozen.mappings()}
    numbers = await _numbers_of(connection, [row for row in found if row["kind"] == "withdraw"])
    return [
        Lease(
            delivery=replace(
                rows.delivery(row), department_number=row["department_number"] or numbers.get(row["case_number"], "")
            ),
            submission=by_id[row["submission_id"]],
            owner=owner,
            fence=row["fence"],
            until=until,
            lasts=lease,
            last_sent_at=row["last_sent_at"],
        )
        for row in found
    ]


async def _numbers_of(connection: AsyncConnection, withdrawals: Sequence[RowMapping]) -> dict[str, str]:
    """Return the department's number by case: a withdrawal may have been queued before there was one."""
    if not withdrawals:
        return {}
    found = await connection.execute(
        select(deliveries.c.case_number, deliveries.c.department_number).where(
            deliveries.c.case_number.in_({row["case_number"] for row in withdrawals}),
            deliveries.c.kind == "submit",
            deliveries.c.department_number != "",
        )
    )
    return {row[0]: row[1] for row in found}


async def cancel_withdrawals(connection: AsyncConnection, case_number: str, at: datetime) -> int:
    """Cancel what would have told a department that never got the case; return how many there were."""
    return len(await cancelled_withdrawals(connection, [case_number], at))


def is_leased_to(owner: str) -> ColumnElement[bool]:
    """Part of that guard: some worker's deliveries on their way."""
    return and_(deliveries.c.lease_owner == owner, deliveries.c.state.in_(_LEASED))


def held_by(lease: Lease) -> ColumnElement[bool]:
    """The guard of every write under a lease."""
    return and_(
        deliveries.c.id == lease.delivery.id,
        deliveries.c.fence == lease.fence,
        is_leased_to(lease.owner),
    )


async def keep(connection: AsyncConnection, *, owner: str, at: datetime, lease: timedelta) -> int:
    """Prolong every lease of `owner` that has not run out; return how many.

    One that is being begun or settled just now is left for the next beat: to wait for its lock while holding others
    is how deadlocks begin.
    """
    running = is_leased_to(owner), deliveries.c.lease_until > at
    free = select(deliveries.c.id).where(*running).with_for_update(skip_locked=True)
    kept = await connection.execute(
        update(deliveries).where(deliveries.c.id.in_(free), *running).values(lease_until=at + lease)
    )
    return kept.rowcount


async def begin(connection: AsyncConnection, lease: Lease, *, kind: str, at: datetime) -> None:
    """Write the intent to send or probe, before the first byte; the lease begins anew with it.

    `upload` notes that a file before the case could not be handed over: of the case itself nothing left.

    So that a worker that was stopped in here can tell by its own clock whether it still has the delivery.

    Raises:
        LeaseLost: the lease ran out or went to somebody else; nothing may be sent.
    """
    is_send, is_probe = kind == "send", kind == "probe"
    changed = await connection.execute(
        update(deliveries)
        .where(held_by(lease), deliveries.c.lease_until > at)
        .values(
            state=(DeliveryState.PROBING if is_probe else DeliveryState.SENDING).value,
            lease_until=at + lease.lasts,
            attempts=deliveries.c.attempts + (0 if is_probe else 1),
            probes=deliveries.c.probes + 1 if is_probe else 0,
            **({"last_sent_at": at} if is_send else {}),
        )
    )
    if changed.rowcount != 1:
        raise LeaseLost(lease.delivery.id)
    await connection.execute(
        attempts.insert().values(
            delivery_id=lease.delivery.id,
            number=lease.fence,
            system=lease.delivery.system,
            kind=kind,
            worker=lease.owner,
            spec_version=lease.spec_version,
            started_at=at,
        )
    )


async def give_back(
    connection: AsyncConnection, lease: Lease, *, next_attempt_at: datetime, reason: HoldReason, at: datetime
) -> bool:
    """Put a delivery back that was not sent: nothing is counted. False when the lease was lost."""
    back = case(
        (deliveries.c.state == DeliveryState.PROBING.value, DeliveryState.UNKNOWN.value),
        else_=DeliveryState.HELD.value if reason else DeliveryState.QUEUED.value,
    )
    changed = await connection.execute(
        update(deliveries)
        .where(held_by(lease))
        .values(
            state=back,
            next_attempt_at=next_attempt_at,
            hold_reason=reason,
            lease_owner=None,
            lease_until=None,
            updated_at=at,
        )
        .returning(*_FREED)
    )
    back_again = changed.mappings().all()
    await cancel_taken_back(connection, back_again, at)
    return len(back_again) == 1


async def doubt(connection: AsyncConnection, delivery_ids: Collection[str], *, at: datetime) -> int:
    """Have deliveries that await their result looked up, for they may never have arrived; return how many.

    What the applicant took back is left alone: not found, it would be sent once more.
    """
    told = deliveries.alias("told")
    is_withdrawn = exists().where(
        told.c.case_number == deliveries.c.case_number,
        told.c.kind == "withdraw",
        told.c.state != DeliveryState.CANCELLED.value,
    )
    changed = await connection.execute(
        update(deliveries)
        .where(
            ~is_withdrawn,
            deliveries.c.id.in_(list(delivery_ids)),
            deliveries.c.state == DeliveryState.PENDING_RESULT.value,
            deliveries.c.lease_until.is_(None),
        )
        .values(state=DeliveryState.UNKNOWN.value, next_attempt_at=at, updated_at=at, probes=0)
    )
    return changed.rowcount


async def any_run_out(connection: AsyncConnection, at: datetime) -> bool:
    """Tell whether some lease ran out, without taking a write lock."""
    run_out = exists().where(deliveries.c.state.in_(_LEASED), _has_run_out(at))
    return bool((await connection.execute(select(run_out))).scalar())


def _has_run_out(at: datetime) -> ColumnElement[bool]:
    """A lease that ends farther ahead than any can was given by a clock since set back: it would hold for hours."""
    return or_(deliveries.c.lease_until <= at, deliveries.c.lease_until > at + FARTHEST_LEASE)


async def reclaim(connection: AsyncConnection, at: datetime) -> list[str]:
    """Free the deliveries whose lease ran out; return their systems.

    With an unfinished attempt under this fence bytes may have left: UNKNOWN. Without one nothing was sent: QUEUED.
    """
    intent = exists().where(
        attempts.c.delivery_id == deliveries.c.id,
        attempts.c.number == deliveries.c.fence,
        attempts.c.kind != "upload",
    )
    may_have_left = or_(deliveries.c.state == DeliveryState.PROBING.value, intent)
    run_out = deliveries.c.state.in_(_LEASED), _has_run_out(at)
    free = select(deliveries.c.id).where(*run_out).with_for_update(skip_locked=True)
    freed = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(free), *run_out)
        .values(
            state=case((may_have_left, DeliveryState.UNKNOWN.value), else_=DeliveryState.QUEUED.value),
            next_attempt_at=at,
            lease_owner=None,
            lease_until=None,
            updated_at=at,
        )
        .returning(*_FREED)
    )
    found = freed.mappings().all()
    await cancel_taken_back(connection, found, at)
    return [row["system"] for row in found]
