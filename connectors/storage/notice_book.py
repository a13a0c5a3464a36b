"""`connectors.notices.NoticeBook` in SQL: what was told to whom, what came of cases, which events happened."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.paging import Page, page_of, place_of
from config.storage.keyset import answered_for, later, lies_in, older
from config.storage.sql import readonly
from connectors.fanout import Event, EventState, Happening
from connectors.ledger import Delivery
from connectors.notices import Notice, ResultScope
from connectors.reflux import ResultRecord
from connectors.storage import notice_rows, rows
from connectors.storage.commits import until_uncontested
from connectors.storage.event_noticing import EventNoticing
from connectors.storage.notice_tables import events, notices, results
from connectors.storage.tables import deliveries
from matters.policy import PROVINCE_DIGITS, TOWNSHIP_DIGITS, is_code

PAGE: Final = 30
_WIDER: Final = (6, 4, 2)


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
    ) -> Page[ResultRecord]:
        query = _in_scope(scope).where(results.c.visible_from <= at)
        if name or person_key:
            query = query.where(or_(*_of_person(name, person_key)))
        if (place := place_of(after)) is not None:
            query = query.where(older(results.c.decided_at, results.c.case_number, place))
        query = query.order_by(results.c.decided_at.desc(), results.c.case_number.desc()).limit(PAGE + 1)
        async with self._reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        return page_of(found, PAGE, notice_rows.result, lambda row: (row["decided_at"], row["case_number"]))

    async def event(self, number: str) -> Event | None:
        async with self._reading.connect() as connection:
            found = await connection.execute(select(events).where(events.c.number == number))
            row = found.mappings().first()
        return None if row is None else notice_rows.event(row)

    async def events(self, region: str, state: EventState, *, kind: str = "", after: str | None = None) -> Page[Event]:
        query = select(events).where(answered_for(events.c.region, region), events.c.state == state)
        if kind:
            query = query.where(events.c.fanout == kind)
        at, key, place = events.c.happened_at, events.c.number, place_of(after)
        # What waits for a person has a clock: the oldest is the most urgent.
        if state == "open":
            query = query.where(later(at, key, place)) if place else query
            query = query.order_by(at, key)
        else:
            query = query.where(older(at, key, place)) if place else query
            query = query.order_by(at.desc(), key.desc())
        async with self._reading.connect() as connection:
            found = (await connection.execute(query.limit(PAGE + 1))).mappings().all()
        return page_of(found, PAGE, notice_rows.event, lambda row: (row["happened_at"], row["number"]))

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

    async def place_of_person(self, region: str, person_key: str) -> tuple[str, str]:
        township = region[:TOWNSHIP_DIGITS] if is_code(region) else ""
        async with self._reading.connect() as connection:
            of_person = await _latest(connection, results.c.person_key == person_key)
            if len(township) == TOWNSHIP_DIGITS:
                here = of_person or await _latest(connection, results.c.region == township)
                return township, here[1] if here else ""
            if of_person:
                return of_person
            code = next((region[:digits] for digits in _WIDER if is_code(region) and len(region) >= digits), "")
            nowhere = not code or not await _is_ours(connection, code)
        return ("" if nowhere else code), ""

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


async def _latest(connection: AsyncConnection, which: ColumnElement[bool]) -> tuple[str, str] | None:
    """Return township and unit of the latest of these results."""
    query = select(results.c.region, results.c.unit).where(which).order_by(results.c.decided_at.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return None if row is None else (str(row[0]), str(row[1]))


async def _is_ours(connection: AsyncConnection, code: str) -> bool:
    """Tell whether a code lies in a province that results came back for; before there are any, each may be ours."""
    province = code[:PROVINCE_DIGITS]
    here = select(results.c.case_number).where(lies_in(results.c.region, province)).limit(1)
    if (await connection.execute(here)).first() is not None:
        return True
    return (await connection.execute(select(results.c.case_number).limit(1))).first() is None


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
