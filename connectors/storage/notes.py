"""`connectors.ports.Notes` in SQL: one row per system and name, written only over the version that was read."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.sql import readonly
from connectors.ports import Note
from connectors.storage.tables import notes


class SqlNotes:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def read(self, system: str, name: str) -> Note:
        wanted = select(notes.c.text, notes.c.version).where(notes.c.system == system, notes.c.name == name)
        async with self._reading.connect() as connection:
            found = (await connection.execute(wanted)).first()
        return Note() if found is None else Note(text=found.text, version=found.version)

    async def write(self, system: str, name: str, text: str, *, expected: int, at: datetime) -> bool:
        values = {"text": text, "version": expected + 1, "changed_at": at}
        if expected == 0:
            return await self._insert({"system": system, "name": name, **values})
        changed = (
            update(notes)
            .where(notes.c.system == system, notes.c.name == name, notes.c.version == expected)
            .values(**values)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(changed)).rowcount == 1

    async def _insert(self, row: dict[str, object]) -> bool:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(notes).values(**row))
        except IntegrityError:
            return False
        return True
