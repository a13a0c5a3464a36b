"""`connectors.ports.Ledger`, `Deliveries` and `Breakers` in SQL: each method is one commit."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config import logs
from config.clock import Clock, utc_now
from config.storage.sql import readonly
from connectors.desk_ports import DeliveryView
from connectors.engine import BreakerState, breaker_after
from connectors.holds import Hold, Standing
from connectors.ledger import Awaited, Delivery, DeliveryState, HoldReason, InboundEvent, Lease, Result, Submission
from connectors.outcomes import Outcome
from connectors.spec_models import Breaker
from connectors.storage import claims, holds, rows, settling, settling_many
from connectors.storage.commits import until_uncontested
from connectors.storage.left_over import left_over
from connectors.storage.settling import Settling
from connectors.storage.settling_many import Intent, Settlement
from connectors.storage.tables import attempts, breakers, deliveries, submissions
from connectors.storage.together import Together

log = logs.get(__name__)
TURNS_AFTER_SECONDS: Final = (0.003, 0.01, 0.03, 0.1, 0.0)
"""How long to wait for another worker's turn at the same system, which takes a few milliseconds."""


class SqlLedger:
    """The worker's view of deliveries."""

    def __init__(self, engine: AsyncEngine, settling: Settling) -> None:
        self._engine = engine
        self._reading = readonly(engine)
        self._settling = settling
        self._sends: Together[Intent, None] = Together(self._begin_sends)
        self._settlements: Together[Settlement, Delivery | None] = Together(self._settle_smooth)

    async def due_systems(self, among: Collection[str], at: datetime) -> Sequence[str]:
        async with self._reading.connect() as connection:
            return await claims.due_systems(connection, among, at)

    async def claim(
        self,
        *,
        system: str,
        owner: str,
        at: datetime,
        lease: timedelta,
        most: int,
        without: Collection[str] = (),
        at_once: int | None = None,
    ) -> Sequence[Lease]:
        for wait_seconds in TURNS_AFTER_SECONDS:
            async with self._engine.begin() as connection:
                if at_once is None or await claims.take_turn(connection, system):
                    return await claims.claim(
                        connection, system=system, owner=owner, at=at, lease=lease, most=most, without=without,
                        at_once=at_once,
                    )  # fmt: skip
            await asyncio.sleep(wait_seconds)
        return []  # somebody takes a long time over it: the next look comes back to it

    async def keep(self, *, owner: str, at: datetime, lease: timedelta) -> int:
        async with self._engine.begin() as connection:
            return await claims.keep(connection, owner=owner, at=at, lease=lease)

    async def begin(self, lease: Lease, *, kind: str, at: datetime) -> None:
        if kind == "send":
            await self._sends.do(Intent(lease=lease, at=at))
            return
        async with self._engine.begin() as connection:
            await claims.begin(connection, lease, kind=kind, at=at)

    async def _begin_sends(self, intents: Sequence[Intent]) -> Sequence[Exception | None]:
        async with self._engine.begin() as connection:
            return await settling_many.begin_sends(connection, intents)

    async def settle(self, lease: Lease, result: Result, *, at: datetime, duration_ms: int) -> Delivery:
        settlement = Settlement(lease=lease, result=result, at=at, duration_ms=duration_ms)
        if settlement.is_smooth and (written := await self._settlements.do(settlement)) is not None:
            return written

        async def commit(connection: AsyncConnection) -> Delivery:
            return await settling.settle(connection, self._settling, lease, result, at=at, duration_ms=duration_ms)

        return await until_uncontested(self._engine, commit)

    async def _settle_smooth(self, settlements: Sequence[Settlement]) -> Sequence[Delivery | Exception | None]:
        try:
            async with self._engine.begin() as connection:
                return await settling_many.settle_smooth(connection, self._settling, settlements)
        except Exception:
            # Nothing of it was written. One that can't be written must not keep the others: each is tried alone.
            log.exception("settled_apart", deliveries=len(settlements))
            return [None] * len(settlements)

    async def give_back(self, lease: Lease, *, next_attempt_at: datetime, reason: HoldReason, at: datetime) -> bool:
        async with self._engine.begin() as connection:
            return await claims.give_back(connection, lease, next_attempt_at=next_attempt_at, reason=reason, at=at)

    async def reclaim(self, at: datetime) -> Sequence[str]:
        async with self._reading.connect() as connection:
            if not await claims.any_run_out(connection, at):
                return []
        async with self._engine.begin() as connection:
            return await claims.reclaim(connection, at)

    async def holds(self) -> Standing:
        async with self._reading.connect() as connection:
            return await holds.kept(connection)

    async def hold(
        self, *, system: str, reasons: Collection[HoldReason], wanted: Collection[Hold], at: datetime
    ) -> None:
        async with self._engine.begin() as connection:
            await holds.write(connection, system=system, reasons=reasons, wanted=wanted, at=at)

    async def release(self, *, system: str, reason: HoldReason, at: datetime) -> int:
        async with self._engine.begin() as connection:
            return await holds.release(connection, system=system, reason=reason, at=at)

    async def receive(self, event: InboundEvent, *, at: datetime) -> bool:
        async def commit(connection: AsyncConnection) -> bool:
            return await settling.receive(connection, self._settling, event, at=at)

        return await until_uncontested(self._engine, commit)

    async def left_over(self, *, most: int) -> Sequence[str]:
        async with self._reading.connect() as connection:
            return await left_over(connection, most=most)

    async def apply_left_over(self, delivery_id: str, at: datetime) -> None:
        async def commit(connection: AsyncConnection) -> None:
            await settling.apply_left_over(connection, self._settling, delivery_id, at=at)

        await until_uncontested(self._engine, commit)

    async def due_polls(self, *, system: str, at: datetime, again_at: datetime, most: int) -> Sequence[Awaited]:
        async with self._engine.begin() as connection:
            return await _due_polls(connection, system=system, at=at, again_at=again_at, most=most)

    async def doubt(self, delivery_id: str, *, at: datetime) -> bool:
        async with self._engine.begin() as connection:
            return await claims.doubt(connection, [delivery_id], at=at) == 1


async def _due_polls(
    connection: AsyncConnection, *, system: str, at: datetime, again_at: datetime, most: int
) -> Sequence[Awaited]:
    is_due = and_(
        deliveries.c.system == system,
        deliveries.c.state == DeliveryState.PENDING_RESULT.value,
        deliveries.c.next_poll_at <= at,
    )
    chosen = (
        select(deliveries.c.id)
        .where(is_due)
        .order_by(deliveries.c.next_poll_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    # Moving the time on is what keeps a second worker from asking the same.
    taken = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(chosen), is_due)
        .values(next_poll_at=again_at)
        .returning(deliveries)
    )
    found = taken.mappings().all()
    if not found:
        return []
    frozen = await connection.execute(
        select(submissions).where(submissions.c.id.in_({row["submission_id"] for row in found}))
    )
    by_id = {row["id"]: rows.submission(row) for row in frozen.mappings()}
    return [Awaited(delivery=rows.delivery(row), submission=by_id[row["submission_id"]]) for row in found]


class SqlDeliveries:
    """Deliveries for people to look at."""

    def __init__(self, engine: AsyncEngine, clock: Clock = utc_now) -> None:
        self._reading = readonly(engine)
        self._clock = clock

    async def of_case(self, case_number: str) -> Sequence[DeliveryView]:
        of_case = deliveries.c.case_number == case_number
        async with self._reading.connect() as connection:
            found = await connection.execute(select(deliveries).where(of_case).order_by(deliveries.c.position))
            kept = await holds.shown(connection, [rows.delivery(row) for row in found.mappings()], self._clock())
            tried = await connection.execute(
                select(attempts)
                .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
                .where(of_case)
                .order_by(attempts.c.number)
            )
            attempted = [rows.attempt(row) for row in tried.mappings()]
        return [
            DeliveryView(delivery=each, attempts=[a for a in attempted if a.delivery_id == each.id]) for each in kept
        ]

    async def submission_of(self, case_number: str) -> Submission | None:
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(submissions)
                .where(submissions.c.case_number == case_number)
                .order_by(submissions.c.created_at)
                .limit(1)
            )
            row = found.mappings().first()
        return None if row is None else rows.submission(row)

    async def of_cases(self, case_numbers: Collection[str]) -> Mapping[str, Sequence[Delivery]]:
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(deliveries)
                .where(deliveries.c.case_number.in_(list(case_numbers)))
                .order_by(deliveries.c.position)
            )
            by_case: dict[str, list[Delivery]] = {number: [] for number in case_numbers}
            kept = [rows.delivery(row) for row in found.mappings()]
            for each in await holds.shown(connection, kept, self._clock()):
                by_case[each.case_number].append(each)
        return by_case


class SqlBreakers:
    """One row per system; changed under the row's lock, so that faults of several workers add up."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def all(self) -> Mapping[str, BreakerState]:
        async with self._reading.connect() as connection:
            found = await connection.execute(select(breakers))
            return {row["system"]: rows.breaker(row) for row in found.mappings()}

    async def note(self, system: str, outcome: Outcome, policy: Breaker, *, at: datetime) -> BreakerState:
        async with self._engine.begin() as connection:
            await connection.execute(
                rows.insert_new(connection, breakers).values(system=system, faults=0, trips=0, changed_at=at)
            )
            found = await connection.execute(select(breakers).where(breakers.c.system == system).with_for_update())
            state = breaker_after(rows.breaker(found.mappings().one()), outcome, policy, at=at)
            await connection.execute(
                update(breakers).where(breakers.c.system == system).values(**rows.breaker_values(state, at))
            )
            return state

    async def take_probe(self, system: str, *, at: datetime, until: datetime) -> bool:
        async with self._engine.begin() as connection:
            taken = await connection.execute(
                update(breakers)
                .where(
                    breakers.c.system == system,
                    breakers.c.open_until <= at,
                    or_(breakers.c.probing_until.is_(None), breakers.c.probing_until <= at),
                )
                .values(probing_until=until)
            )
            return taken.rowcount == 1

    async def leave_probe(self, system: str, *, until: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(breakers)
                .where(breakers.c.system == system, breakers.c.probing_until == until)
                .values(probing_until=None)
            )
