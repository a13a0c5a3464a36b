"""What somebody is typing and has not saved yet, kept beside the draft: a browser that dies takes nothing along.

Each person has their own copy of each draft; nobody else reads it. It is no version: who looks at the draft sees what
was saved.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from config.state import StateStore, StateStoreUnavailable
from connectors.registry_reading import LONGEST_TEXT
from portal.sessions import hashed

LIVES: Final = timedelta(days=3)
LONGEST: Final = 3 * LONGEST_TEXT + 64 * 1024
"""Bytes. Whatever the form's post can carry is kept, also a text that is too long to be saved: a form writes each byte
of Chinese as three.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCopy:
    """A text, and the hash of the saved one it was changed from."""

    text: str = field(repr=False)
    base: str


class WorkingCopies:
    """By person, system and version."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def keep(self, sub: str, system: str, version: int, copy: WorkingCopy) -> bool:
        """Keep `copy` in place of an earlier one; False when it could not be kept."""
        content = f"{copy.base}\n{copy.text}".encode()
        if len(content) > LONGEST:
            return False
        try:
            await self._state.put(_key(sub, system, version), content, LIVES)
        except StateStoreUnavailable:
            return False
        return True

    async def find(self, sub: str, system: str, version: int) -> WorkingCopy | None:
        """Return the copy, None when there is none."""
        kept = await self._state.get(_key(sub, system, version))
        if kept is None:
            return None
        base, _, text = kept.decode().partition("\n")
        return WorkingCopy(text=text, base=base)

    async def forget(self, sub: str, system: str, version: int) -> None:
        await self._state.forget(_key(sub, system, version))


def _key(sub: str, system: str, version: int) -> str:
    return f"portal_working:{hashed(sub)}:{system}:{version}"
