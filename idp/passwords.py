"""Passwords: argon2id in threads, two at a time.

t=2, m=19 MiB, p=1 (OWASP's second profile) costs about 45 ms; anyio's forty default threads would take 760 MiB
and every core, so hashing has a limiter of its own and a short queue.
"""

from functools import cache
from typing import Final

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from idp.protocol.password_rules import LEAST_CHARACTERS, MOST_CHARACTERS

_QUEUE_AT_MOST: Final = 100


class PasswordRefused(ValueError):
    """Too short or too long to be set; the message says so."""


class TooBusy(Exception):
    """More sign-ins wait than can be answered in reasonable time."""


class Passwords:
    """Hashes and verifies. One per process."""

    def __init__(self, *, at_once: int = 2, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._limiter = CapacityLimiter(at_once)
        self._cost = (self._hasher.time_cost, self._hasher.memory_cost, self._hasher.parallelism)

    async def hash(self, password: str) -> str:
        """Return the hash to keep.

        Raises:
            PasswordRefused: see there.
        """
        if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
            raise PasswordRefused(f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters")
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def is_right(self, password: str, password_hash: str) -> bool:
        """Tell whether the password fits; an empty hash (unknown user) takes the same time and never fits.

        Raises:
            TooBusy: see there.
        """
        if self._limiter.statistics().tasks_waiting >= _QUEUE_AT_MOST:
            raise TooBusy
        nobodys = await to_thread.run_sync(_hash_of_nobody, self._cost, limiter=self._limiter)
        fits = await to_thread.run_sync(
            self._verify, password_hash or nobodys, password[:MOST_CHARACTERS], limiter=self._limiter
        )
        return fits and bool(password_hash) and len(password) <= MOST_CHARACTERS

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


@cache
def _hash_of_nobody(cost: tuple[int, int, int]) -> str:
    """Return a hash that takes as long to verify as anybody's of this cost; it is made once in a process."""
    time_cost, memory_cost, parallelism = cost
    hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism)
    return hasher.hash("nobody's password")
