"""What SQLite would read whole: the statements of a piece of work, held against the planner."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


async def scanned(engine: AsyncEngine, work: Callable[[], Awaitable[object]], *, large: Collection[str]) -> list[str]:
    """Do `work` and return its SELECTs that go through one of the `large` tables from end to end; SQLite only."""
    asked: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", keep)
    try:
        await work()
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", keep)
    assert asked, "the work asked nothing"
    found = []
    async with engine.connect() as connection:
        for statement, parameters in asked:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
            steps = [str(row[3]) for row in plan]
            if any(step.startswith("SCAN") and set(step.split()) & set(large) for step in steps):
                found.append(f"{statement}\n{steps}")
    return found
