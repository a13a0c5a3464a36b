"""Guide versions on SQL. A published body is never written again: the update itself asks for a draft."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from matters.errors import GuideImmutable, IllegalTransition, UnknownMatter
from matters.guide import Matter, parse_matter
from matters.guide_version import GUIDE_TRANSITIONS, GuideStatus, GuideVersion
from matters.storage.tables import guides

SEEDED_BY = "config"


class SqlGuideStore:
    """`matters.ports.GuideStore` on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)
        self._parsed: dict[tuple[str, int], Matter] = {}

    async def published(self) -> tuple[Matter, ...]:
        key = (guides.c.matter_id, guides.c.version)
        query = select(*key).where(guides.c.status == GuideStatus.PUBLISHED.value).order_by(guides.c.matter_id)
        async with self._reading.connect() as connection:
            found = [(row.matter_id, row.version) for row in await connection.execute(query)]
            # A published body is never written again, so that what was read once need not be read twice.
            parsed = {each: self._parsed[each] for each in found if each in self._parsed}
            if unread := [each for each in found if each not in parsed]:
                bodies = select(*key, guides.c.body).where(tuple_(*key).in_(unread))
                for row in await connection.execute(bodies):
                    parsed[row.matter_id, row.version] = parse_matter(row.body, "matters_guides")
        self._parsed = parsed
        return tuple(parsed[each] for each in found)

    async def known(self) -> frozenset[str]:
        async with self._reading.connect() as connection:
            return frozenset((await connection.execute(select(guides.c.matter_id).distinct())).scalars())

    async def versions(self, matter_id: str) -> tuple[GuideVersion, ...]:
        columns = [column for column in guides.c if column.name != "body"]
        query = select(*columns).where(guides.c.matter_id == matter_id).order_by(guides.c.version.desc())
        async with self._reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(GuideVersion(**{**row, "status": GuideStatus(row["status"])}) for row in found)

    async def load(self, matter_id: str, version: int) -> Matter:
        async with self._reading.connect() as connection:
            return await load_guide(connection, matter_id, version)

    async def seed(self, matters: Sequence[Matter], *, at: datetime) -> int:
        async with self._engine.begin() as connection:
            known = set((await connection.execute(select(guides.c.matter_id).distinct())).scalars())
            missing = [matter for matter in matters if matter.id not in known]
            if not missing:
                return 0
            # Two processes may start at once: whoever comes second adds nothing.
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            first = dialect.insert(guides).values([_first_version(matter, at) for matter in missing])
            added = await connection.execute(first.on_conflict_do_nothing().returning(guides.c.matter_id))
            return len(added.all())

    async def save(self, matter: Matter, *, version: int | None, by: str, at: datetime) -> int:
        async with self._engine.begin() as connection:
            if version is None:
                newest = select(func.max(guides.c.version)).where(guides.c.matter_id == matter.id)
                version = ((await connection.execute(newest)).scalar() or 0) + 1
                draft = _row(matter, version, GuideStatus.DRAFT, by=by, at=at)
                await connection.execute(insert(guides).values(draft))
                return version
            changed = await connection.execute(
                update(guides)
                .where(guides.c.matter_id == matter.id, guides.c.version == version)
                .where(guides.c.status == GuideStatus.DRAFT.value)
                .values(body=_body(matter, version), saved_by=by, saved_at=at)
            )
            if changed.rowcount != 1:
                raise GuideImmutable(f"{matter.id}@{version}")
            return version

    async def move(self, matter_id: str, version: int, to: GuideStatus, *, by: str, at: datetime) -> None:
        async with self._engine.begin() as connection:
            status = await _status_of(connection, matter_id, version)
            if to not in GUIDE_TRANSITIONS[status]:
                raise IllegalTransition(f"{matter_id}@{version}: {status} -> {to}")
            if to is GuideStatus.PUBLISHED:
                await _supersede(connection, matter_id)
            published = {"published_by": by, "effective_at": at} if to is GuideStatus.PUBLISHED else {}
            changed = await connection.execute(
                update(guides)
                .where(guides.c.matter_id == matter_id, guides.c.version == version)
                .where(guides.c.status == status.value)
                .values(status=to.value, **published)
            )
            if changed.rowcount != 1:
                raise IllegalTransition(f"{matter_id}@{version}: {status} was left meanwhile")


async def load_guide(connection: AsyncConnection, matter_id: str, version: int) -> Matter:
    """Return a version inside the caller's transaction.

    Raises:
        UnknownMatter: there is none.
    """
    query = select(guides.c.body).where(guides.c.matter_id == matter_id, guides.c.version == version)
    body = (await connection.execute(query)).scalar()
    if body is None:
        raise UnknownMatter(f"{matter_id[:60]}@{version}")
    return parse_matter(body, f"{matter_id}@{version}")


async def _status_of(connection: AsyncConnection, matter_id: str, version: int) -> GuideStatus:
    query = select(guides.c.status).where(guides.c.matter_id == matter_id, guides.c.version == version)
    status = (await connection.execute(query.with_for_update())).scalar()
    if status is None:
        raise UnknownMatter(f"{matter_id[:60]}@{version}")
    return GuideStatus(status)


async def _supersede(connection: AsyncConnection, matter_id: str) -> None:
    await connection.execute(
        update(guides)
        .where(guides.c.matter_id == matter_id, guides.c.status == GuideStatus.PUBLISHED.value)
        .values(status=GuideStatus.SUPERSEDED.value)
    )


def _first_version(matter: Matter, at: datetime) -> dict[str, Any]:
    return {
        **_row(matter, 1, GuideStatus.PUBLISHED, by=SEEDED_BY, at=at),
        "published_by": SEEDED_BY,
        "effective_at": at,
    }


def _row(matter: Matter, version: int, status: GuideStatus, *, by: str, at: datetime) -> dict[str, Any]:
    return {
        "matter_id": matter.id,
        "version": version,
        "status": status.value,
        "body": _body(matter, version),
        "saved_by": by,
        "saved_at": at,
        "published_by": None,
        "effective_at": None,
    }


def _body(matter: Matter, version: int) -> dict[str, Any]:
    """Return the matter with the version's own number in its basic information."""
    document = matter.document()
    document["guide"]["basic_info"]["version"] = version
    return document
