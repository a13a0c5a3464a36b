"""Telling every process that a client, an account, a key or a grant changed, so that caches forget it."""

from collections.abc import Callable
from typing import Final, Literal

from config.state import StateStore

TOPIC: Final = "idp"
Kind = Literal["client", "account", "keys", "consent", "grant", "logout"]


def _nobody(message: str) -> None:
    """No cache in this process."""


class Announcer:
    """Called after commit. This process hears at once, the others through the store.

    Whoever does not hear it looks again when its copy is old.
    """

    def __init__(self, state: StateStore) -> None:
        self._state = state
        self.heard_here: Callable[[str], None] = _nobody

    async def tell(self, kind: Kind, key: str) -> None:
        """Announce that `key` changed."""
        message = f"{kind}:{key}"
        self.heard_here(message)
        await self._state.announce(TOPIC, message)
