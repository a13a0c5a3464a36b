"""Drafts on SQL: each is its owner's, and is saved only over the revision it was read at."""

from dataclasses import replace
from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.paging import Page, page_of, place_of
from config.storage.keyset import older
from config.storage.sql import readonly
from matters.errors import DraftConflict, DraftUnknown
from matters.ports import Draft
from matters.storage import rows
from matters.storage.tables import drafts


async def delete_draft(connection: AsyncConnection, draft_id: str, owner: str) -> None:
    """Forget a draft in the transaction that keeps its case; an unknown one is no error."""
    await connection.execute(delete(drafts).where(drafts.c.id == draft_id, drafts.c.owner == owner))


class SqlDraftStore:
    """`matters.ports.DraftStore` on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def create(self, draft: Draft) -> None:
        async with self._engine.begin() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            await connection.execute(dialect.insert(drafts).values(_row(draft)).on_conflict_do_nothing())

    async def load(self, draft_id: str, owner: str) -> Draft:
        query = select(drafts).where(drafts.c.id == draft_id, drafts.c.owner == owner)
        async with self._reading.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise DraftUnknown(draft_id[:40])
        return _draft(dict(row))

    async def save(self, draft: Draft) -> Draft:
        kept = replace(draft, revision=draft.revision + 1)
        mine = and_(drafts.c.id == draft.id, drafts.c.owner == draft.owner)
        async with self._engine.begin() as connection:
            statement = update(drafts).where(mine, drafts.c.revision == draft.revision).values(_row(kept))
            if (await connection.execute(statement)).rowcount == 1:
                return kept
            is_there = (await connection.execute(select(drafts.c.id).where(mine))).first() is not None
        if is_there:
            raise DraftConflict(draft.id)
        raise DraftUnknown(draft.id)

    async def of_owner(self, owner: str, *, after: str | None = None, most: int = 50) -> Page[Draft]:
        query = select(drafts).where(drafts.c.owner == owner)
        if (place := place_of(after)) is not None:
            query = query.where(older(drafts.c.updated_at, drafts.c.id, place))
        query = query.order_by(drafts.c.updated_at.desc(), drafts.c.id.desc()).limit(most + 1)
        async with self._reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        return page_of(found, most, lambda row: _draft(dict(row)), lambda row: (row["updated_at"], row["id"]))

    async def delete(self, draft_id: str, owner: str) -> None:
        async with self._engine.begin() as connection:
            await delete_draft(connection, draft_id, owner)


def _row(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "owner": draft.owner,
        "unit": draft.unit,
        "matter_id": draft.matter_id,
        "guide_version": draft.guide_version,
        "situation": draft.situation,
        "form": draft.values,
        "materials": [rows.proof_document(proof) for proof in draft.materials],
        "revision": draft.revision,
        "created_at": draft.created_at,
        "updated_at": draft.updated_at,
    }


def _draft(row: dict[str, Any]) -> Draft:
    proofs = tuple(rows.proof_of_document(document) for document in row.pop("materials"))
    return Draft(values=row.pop("form"), materials=proofs, **row)
