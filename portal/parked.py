"""Input posted after the session had expired: kept for half an hour and given back after the same person signs in.

It is bound to the browser by a cookie and to the draft it was meant for, whose owner alone can open it. What
may be parked is bounded in size and number, because whoever posts here is not signed in.
"""

import json
from collections.abc import Iterable
from datetime import timedelta

from config.state import StateStore
from portal.sessions import hashed

LIVES = timedelta(minutes=30)
LARGEST_BYTES = 128 * 1024
MOST_PER_BROWSER = 120

Pairs = list[tuple[str, str]]


class Parked:
    """Posted pairs by browser, draft and page."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def keep(self, *, browser: str, place: str, pairs: Iterable[tuple[str, str]]) -> bool:
        """Keep `pairs` for `place`; a later post to the same place replaces them. False when it is too much."""
        content = json.dumps([pair for pair in pairs if pair[0] != "csrf_token"]).encode()
        if len(content) > LARGEST_BYTES:
            return False
        if await self._state.count(f"portal_parking:{hashed(browser)}", LIVES) > MOST_PER_BROWSER:
            return False
        await self._state.put(_key(browser, place), content, LIVES)
        return True

    async def take(self, *, browser: str, place: str) -> Pairs | None:
        """Give back what was kept for `place`, once."""
        kept = await self._state.take(_key(browser, place))
        return [(str(name), str(text)) for name, text in json.loads(kept)] if kept else None


def _key(browser: str, place: str) -> str:
    return f"portal_parked:{hashed(browser)}:{hashed(place)}"
