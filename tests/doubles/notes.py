"""`connectors.ports.Notes` in memory, with the promise of the one in SQL: written only over the version that was read;
and answers nobody understood, for a look at them.
"""

from dataclasses import dataclass, field
from datetime import datetime

from connectors.ports import Note
from connectors.unread import Unread


@dataclass(slots=True)
class NotesInMemory:
    kept: dict[tuple[str, str], Note] = field(default_factory=dict)

    async def read(self, system: str, name: str) -> Note:
        return self.kept.get((system, name), Note())

    async def write(self, system: str, name: str, text: str, *, expected: int, at: datetime) -> bool:
        if (await self.read(system, name)).version != expected:
            return False
        self.kept[system, name] = Note(text=text, version=expected + 1)
        return True


@dataclass(slots=True)
class UnreadInMemory:
    """`connectors.unread.UnreadBook` in memory."""

    kept: list[Unread] = field(default_factory=list)

    async def keep(self, unread: Unread) -> None:
        self.kept.append(unread)
