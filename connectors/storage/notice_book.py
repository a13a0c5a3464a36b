"""`connectors.notices.NoticeBook` in SQL: what was told to whom, what came of cases, which events happened."""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.fanout import Event, EventState, Happening
from connectors.ledger import Delivery
from connectors.notices import Notice, ResultPage, ResultScope
from connectors.reflux import ResultRecord
from connectors.storage import notice_rows, rows
from connectors.storage.commits import until_uncontested
from connectors.storage.event_noticing import EventNoticing
from connectors.storage.notice_tables import events, notices, results
from connectors.storage.tables import deliveries
from matters.policy import TOWNSHIP_DIGITS

PAGE: Final = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(\d{1,18})\.([0-9A-Za-z-]{1,50})", re.ASCII)


class SqlNoticeBook:
    """Reads without a write lock; `happen` and `decide` are one commit each."""

    def __init__(self, engine: AsyncEngine, noticing: EventNoticing) -> None:
        self._engine = engine
        self._reading = readonly(engine)
        self._noticing = noticing

    async def of_case(self, case_number: str) -> Sequence[Notice]:
        return await self._notices(notices.c.case_number == case_number)

    async def of_event(self, number: str) -> Sequence[Notice]:
        return await self._notices(notices.c.event_number == number)

    async def notice(self, number: str) -> Notice | None:
        return next(iter(await self._notices(notices.c.number == number)), None)

    async def _notices(self, which: ColumnElement[bool]) -> Sequence[Notice]:
        async with self._reading.connect() as connection:
            found = await connection.execute(select(notices).where(which).order_by(notices.c.created_at))
            told = found.mappings().all()
            if not told:
                return ()
            sent = await connection.execute(
                select(deliveries)
                .where(deliveries.c.case_number.in_([row["number"] for row in told]))
                .order_by(deliveries.c.position)
            )
            by_number: dict[str, list[Delivery]] = {}
            for row in sent.mappings():
                by_number.setdefault(row["case_number"], []).append(rows.delivery(row))
        in_order = sorted(told, key=lambda row: (row["created_at"], row["number"]))
        return tuple(notice_rows.notice(row, by_number.get(row["number"], [])) for row in in_order)

    async def result(self, case_number: str) -> ResultRecord | None:
        async with self._reading.connect() as connection:
            found = await connection.execute(select(results).where(results.c.case_number == case_number))
            row = found.mappings().first()
        return None if row is None else notice_rows.result(row)

    async def results(
        self, scope: ResultScope, *, at: datetime, name: str = "", person_key: str = "", after: str | None = None
    ) -> ResultPage:
        query = _in_scope(scope).where(results.c.visible_from <= at)
        if name or person_key:
            query = query.where(or_(*_of_person(name, person_key)))
        if (place := _place(after)) is not None:
            query = query.where(_past(*place))
        query = query.order_by(results.c.decided_at.desc(), results.c.case_number.desc()).limit(PAGE + 1)
        async with self._reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        page = tuple(notice_rows.result(row) for row in found[:PAGE])
        return ResultPage(results=page, after=_cursor(page[-1]) if len(found) > PAGE else None)

    async def event(self, number: str) -> Event | None:
        async with self._reading.connect() as connection:
            found = await connection.execute(select(events).where(events.c.number == number))
            row = found.mappings().first()
        return None if row is None else notice_rows.event(row)

    async def events(self, region: str, state: EventState, *, most: int = 100) -> Sequence[Event]:
        query = (
            select(events)
            .where(events.c.region == region, events.c.state == state)
            .order_by(events.c.happened_at.desc())
            .limit(most)
        )
        async with self._reading.connect() as connection:
            return [notice_rows.event(row) for row in (await connection.execute(query)).mappings()]

    async def happen(self, happenings: Sequence[Happening], *, at: datetime) -> Sequence[str]:
        async with self._engine.begin() as connection:
            return await self._noticing.happen(connection, happenings, at=at)

    async def decide(
        self, number: str, step: Literal["undo", "confirm"], *, by: str, reason: str, at: datetime
    ) -> bool:
        async def commit(connection: AsyncConnection) -> bool:
            changed = await connection.execute(
                update(events)
                .where(events.c.number == number, events.c.state.in_(_FROM[step]))
                .values(state=_INTO[step], decided_by=by, decided_at=at, reason=reason)
                .returning(events)
            )
            row = changed.mappings().first()
            if row is None:
                return False
            await self._noticing.decide(connection, notice_rows.event(row), step, reason=reason, at=at)
            return True

        return await until_uncontested(self._engine, commit)

    def key_of(self, id_number: str) -> str:
        """Return the keyed hash a person is known by."""
        return self._noticing.person_key(id_number)

    async def latest_unit(self, region: str, person_key: str) -> str:
        """Return the unit that last took in a case of this person, else of this region; empty when there is none."""
        async with self._reading.connect() as connection:
            for which in (results.c.person_key == person_key, results.c.region == region):
                query = select(results.c.unit).where(which).order_by(results.c.decided_at.desc()).limit(1)
                if unit := (await connection.execute(query)).scalar():
                    return str(unit)
        return ""

    async def reaching(
        self, born: tuple[date, date], *, without: str, fanout: str, after: str, most: int
    ) -> Sequence[ResultRecord]:
        """Return one result of each person born in that span who has none of matter `without` and no event yet.

        `after` is the person key the last page ended with; people come in the order of their keys.
        """
        other = results.alias("other")
        has_it = exists().where(
            other.c.person_key == results.c.person_key, other.c.matter_id == without, other.c.decision == "approved"
        )
        # Whoever died is not visited: an event that waits for a person or was confirmed speaks of just that.
        stands = or_(events.c.fanout == fanout, events.c.state.in_(["open", "confirmed"]))
        has_event = exists().where(events.c.person_key == results.c.person_key, stands)
        is_later = exists().where(
            other.c.person_key == results.c.person_key,
            or_(
                other.c.decided_at > results.c.decided_at,
                and_(other.c.decided_at == results.c.decided_at, other.c.case_number > results.c.case_number),
            ),
        )
        query = (
            select(results)
            .where(results.c.born_on.between(*born), results.c.person_key > after, ~has_it, ~has_event, ~is_later)
            .order_by(results.c.person_key)
            .limit(most)
        )
        async with self._reading.connect() as connection:
            return [notice_rows.result(row) for row in (await connection.execute(query)).mappings()]


_FROM = {"confirm": ("open",), "undo": ("open", "done", "confirmed")}
_INTO = {"confirm": "confirmed", "undo": "undone"}


def _in_scope(scope: ResultScope) -> Select[Any]:
    column = results.c.region if len(scope.region) == TOWNSHIP_DIGITS else results.c.county
    query = select(results).where(column == scope.region)
    if scope.sensitive:
        return query
    open_ones: ColumnElement[bool] = results.c.is_sensitive.is_(False)
    return query.where(or_(open_ones, results.c.unit == scope.own_unit) if scope.own_unit else open_ones)


def _of_person(name: str, person_key: str) -> Collection[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if name:
        wanted.append(results.c.name == name)
    if person_key:
        wanted.append(results.c.person_key == person_key)
    return wanted


def _past(decided_at: datetime, number: str) -> ColumnElement[bool]:
    return and_(
        results.c.decided_at <= decided_at, or_(results.c.decided_at < decided_at, results.c.case_number < number)
    )


def _cursor(last: ResultRecord) -> str:
    return f"{(last.decided_at - _EPOCH) // timedelta(microseconds=1)}.{last.case_number}"


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the place of a cursor; one that was tampered with starts the list anew."""
    read = _CURSOR.fullmatch(cursor or "")
    try:
        return (_EPOCH + timedelta(microseconds=int(read[1])), read[2]) if read else None
    except OverflowError:
        return None
