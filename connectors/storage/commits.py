"""A commit that is done again when somebody else moved the same case first."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from matters.errors import CaseConflict

T = TypeVar("T")
_TRIES: Final = 8


async def until_uncontested(engine: AsyncEngine, commit: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run `commit` in a transaction, again from the start when the case was moved meanwhile.

    Raises:
        CaseConflict: it was moved every time; the caller tries later.
    """
    for _ in range(_TRIES - 1):
        try:
            async with engine.begin() as connection:
                return await commit(connection)
        except CaseConflict:
            continue
    async with engine.begin() as connection:
        return await commit(connection)
