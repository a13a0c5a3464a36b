"""`connectors.registry_ports.RegistrationBook` on SQLite and PostgreSQL: each change is one commit with its step."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.backlog import Backlog
from connectors.ledger import DUE, LEASED, DeliveryState, DeskReason, Submission
from connectors.registration import (
    IN_FORCE,
    Person,
    Registration,
    RegistrationState,
    Step,
    Written,
    superseded,
)
from connectors.registration_errors import RegistrationConflict
from connectors.storage import registration_rows, rows
from connectors.storage.registry_tables import registrations, steps
from connectors.storage.tables import deliveries, desk_tasks, submissions

_WITHOUT_TEXT = [column for column in registrations.c if column.name not in ("text", "contract")]
_IN_FORCE = [state.value for state in IN_FORCE]
_WAITING = [state.value for state in (*DUE, *LEASED)]
_BY_HAND = [DeskReason.MANUAL.value, DeskReason.RESULT.value]


class SqlRegistrations:
    """The versions of every system's spec."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def all(self) -> Sequence[Registration]:
        query = select(*_WITHOUT_TEXT).order_by(registrations.c.system, registrations.c.version.desc())
        async with self._reading.connect() as connection:
            return [registration_rows.registration(row) for row in (await connection.execute(query)).mappings()]

    async def served(self) -> Sequence[Registration]:
        """Return what is or was in service: live, draining, canaries, and of every system the version last retired."""
        later = registrations.alias("later")
        last_retired = and_(
            registrations.c.state == RegistrationState.RETIRED.value,
            ~exists().where(
                later.c.system == registrations.c.system,
                later.c.state == RegistrationState.RETIRED.value,
                later.c.version > registrations.c.version,
            ),
        )
        serving = registrations.c.state.in_([*_IN_FORCE, RegistrationState.CANARY.value])
        query = select(*_WITHOUT_TEXT).where(or_(serving, last_retired)).order_by(registrations.c.system)
        async with self._reading.connect() as connection:
            return [registration_rows.registration(row) for row in (await connection.execute(query)).mappings()]

    async def written(self, system: str, version: int) -> Written | None:
        found = await self.texts([(system, version)])
        return found.get((system, version))

    async def texts(self, which: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Written]:
        """Return versions with their texts, by system and version."""
        if not which:
            return {}
        wanted = tuple_(registrations.c.system, registrations.c.version).in_(list(which))
        async with self._reading.connect() as connection:
            found = (await connection.execute(select(registrations).where(wanted))).mappings().all()
        return {
            (row["system"], row["version"]): Written(
                registration=registration_rows.registration(row), text=row["text"], contract=row["contract"]
            )
            for row in found
        }

    async def steps(self, system: str, version: int | None = None) -> Sequence[Step]:
        query = select(steps).where(steps.c.system == system)
        if version is not None:
            query = query.where(steps.c.version == version)
        async with self._reading.connect() as connection:
            found = await connection.execute(query.order_by(steps.c.at, steps.c.version, steps.c.number))
            return [registration_rows.step(row) for row in found.mappings()]

    async def add(self, written: Written, *, by: Person, reason: str) -> Registration:
        try:
            async with self._engine.begin() as connection:
                return await add(connection, written, by=by, reason=reason)
        except IntegrityError:
            raise RegistrationConflict(system=written.registration.system) from None

    async def save(self, written: Written, *, expected_sha256: str, by: Person, reason: str) -> Registration:
        after = written.registration
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(registrations)
                .where(
                    _is(after),
                    registrations.c.state == RegistrationState.DRAFT.value,
                    registrations.c.sha256 == expected_sha256,
                )
                .values(text=written.text, contract=written.contract, **registration_rows.values(after))
            )
            if changed.rowcount != 1:
                raise RegistrationConflict(system=after.system, version=after.version)
            await _add_step(connection, registration_rows.saved(after, RegistrationState.DRAFT, by=by, reason=reason))
        return after

    async def move(self, before: Registration, after: Registration, step: Step) -> Registration:
        try:
            async with self._engine.begin() as connection:
                return await put(connection, before, after, step)
        except IntegrityError:
            # Somebody else's version came into that place between our look and our own.
            raise RegistrationConflict(system=after.system, version=after.version) from None

    async def send_back(self, before: Registration, after: Registration, step: Step) -> Registration:
        try:
            async with self._engine.begin() as connection:
                await put(connection, before, after, step)
                query = select(registrations).where(_is(before))
                row = (await connection.execute(query)).mappings().one()
                draft = replace(
                    before,
                    version=0,
                    state=RegistrationState.DRAFT,
                    origin="person",
                    from_version=before.version,
                    tested_by="",
                    created_at=after.state_at,
                    state_at=after.state_at,
                )
                written = Written(registration=draft, text=row["text"], contract=row["contract"])
                return await add(connection, written, by=step.by, reason=step.reason)
        except IntegrityError:
            raise RegistrationConflict(system=before.system, version=before.version) from None

    async def backlog(self, system: str) -> Backlog:
        by_hand = exists().where(
            desk_tasks.c.delivery_id == deliveries.c.id,
            desk_tasks.c.closed_at.is_(None),
            desk_tasks.c.reason.in_(_BY_HAND),
        )
        query = (
            select(deliveries.c.state, func.count())
            .where(
                deliveries.c.system == system,
                or_(
                    deliveries.c.state.in_(_WAITING),
                    and_(
                        deliveries.c.state.in_(
                            [s.value for s in (DeliveryState.PENDING_RESULT, DeliveryState.DESK, DeliveryState.INVALID)]
                        ),
                        ~by_hand,
                    ),
                ),
            )
            .group_by(deliveries.c.state)
        )
        async with self._reading.connect() as connection:
            counts: dict[str, int] = {row[0]: row[1] for row in await connection.execute(query)}
        awaited = counts.pop(DeliveryState.PENDING_RESULT.value, 0)
        on_desk = counts.pop(DeliveryState.DESK.value, 0) + counts.pop(DeliveryState.INVALID.value, 0)
        return Backlog(waiting=sum(counts.values()), awaited=awaited, on_desk=on_desk)

    async def recent_cases(self, system: str, *, most: int) -> Sequence[str]:
        query = (
            select(deliveries.c.case_number)
            .where(deliveries.c.system == system, deliveries.c.kind == "submit")
            .order_by(deliveries.c.created_at.desc())
            .limit(most)
        )
        async with self._reading.connect() as connection:
            return list(dict.fromkeys((await connection.execute(query)).scalars()))

    async def submission_of(self, case_number: str) -> Submission | None:
        query = (
            select(submissions)
            .where(submissions.c.case_number == case_number)
            .order_by(submissions.c.created_at)
            .limit(1)
        )
        async with self._reading.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else rows.submission(row)


async def add(connection: AsyncConnection, written: Written, *, by: Person, reason: str) -> Registration:
    """Keep a new version with its first step; its number is the next of its system."""
    draft = written.registration
    newest = select(func.max(registrations.c.version)).where(registrations.c.system == draft.system)
    version = ((await connection.execute(newest)).scalar() or 0) + 1
    kept = replace(draft, version=version)
    await connection.execute(
        insert(registrations).values(
            system=kept.system,
            version=version,
            text=written.text,
            contract=written.contract,
            **registration_rows.values(kept),
        )
    )
    await _add_step(connection, registration_rows.saved(kept, None, by=by, reason=reason))
    return kept


async def versions_of(connection: AsyncConnection, system: str) -> list[Registration]:
    """Return the versions of a system, the newest first, without their texts."""
    query = select(*_WITHOUT_TEXT).where(registrations.c.system == system).order_by(registrations.c.version.desc())
    return [registration_rows.registration(row) for row in (await connection.execute(query)).mappings()]


async def put(connection: AsyncConnection, before: Registration, after: Registration, step: Step) -> Registration:
    """Keep a step; what goes live takes the place of the version in force.

    Raises:
        RegistrationConflict: it is not as `before` says any more.
    """
    if after.state is RegistrationState.LIVE:
        await make_room(connection, after.system, after.version, by=step.by, at=step.at)
    changed = await connection.execute(
        update(registrations)
        .where(
            _is(before),
            registrations.c.state == before.state.value,
            registrations.c.state_at == before.state_at,
            registrations.c.sha256 == before.sha256,
        )
        .values(**registration_rows.values(after))
    )
    if changed.rowcount != 1:
        raise RegistrationConflict(system=before.system, version=before.version)
    await _add_step(connection, step)
    return after


async def make_room(connection: AsyncConnection, system: str, coming: int, *, by: Person, at: datetime) -> None:
    """Let the version in force, if there is one, be superseded by version `coming`."""
    query = (
        select(*_WITHOUT_TEXT)
        .where(
            registrations.c.system == system,
            registrations.c.version != coming,
            registrations.c.state.in_(_IN_FORCE),
        )
        .with_for_update()
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return
    after, replaced = superseded(registration_rows.registration(row), by_version=coming, by=by, at=at)
    await connection.execute(update(registrations).where(_is(after)).values(**registration_rows.values(after)))
    await _add_step(connection, replaced)


def _is(registration: Registration) -> Any:
    return and_(registrations.c.system == registration.system, registrations.c.version == registration.version)


async def _add_step(connection: AsyncConnection, step: Step) -> None:
    """Add a step under the lock its version's row was just written with: numbers have no gap."""
    last = select(func.max(steps.c.number)).where(steps.c.system == step.system, steps.c.version == step.version)
    number = ((await connection.execute(last)).scalar() or 0) + 1
    await connection.execute(
        insert(steps).values(
            system=step.system,
            version=step.version,
            number=number,
            from_state=step.from_state.value if step.from_state else None,
            to_state=step.to_state.value,
            by=step.by.sub,
            who=step.by.name,
            reason=step.reason,
            sha256=step.sha256,
            regions=list(step.regions),
            at=step.at,
        )
    )
