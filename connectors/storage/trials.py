"""`connectors.trying.TrialBook` in SQL."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.storage.sql import readonly
from connectors.mismatch import Mismatch
from connectors.storage import rows
from connectors.storage.trial_tables import trial_results, trials
from connectors.trial import Judged, Trial, TrialResult, TrialState

_WITH_RESULTS = 2


class SqlTrials:
    """Trials by system."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def ask(self, trial: Trial) -> Trial:
        async with self._engine.begin() as connection:
            await connection.execute(rows.insert_new(connection, trials).values(**_asked(trial)))
            found = await connection.execute(
                select(trials).where(trials.c.system == trial.system, trials.c.finished_at.is_(None))
            )
            return _trial(found.mappings().one(), ())

    async def begin_night(self, system: str, day: date, *, at: datetime) -> bool:
        night = Trial(id=str(uuid4()), system=system, day=day, by="", who="", asked_at=at)
        async with self._reading.connect() as connection:
            kept = select(trials.c.id).where(trials.c.system == system, trials.c.day == day)
            if (await connection.execute(kept)).first() is not None:
                return False
        async with self._engine.begin() as connection:
            new = await connection.execute(rows.insert_new(connection, trials).values(**_asked(night)))
            return new.rowcount == 1

    async def take(self, *, owner: str, at: datetime, until: datetime) -> Trial | None:
        waits = and_(trials.c.finished_at.is_(None), or_(trials.c.held_until.is_(None), trials.c.held_until <= at))
        async with self._reading.connect() as connection:
            if (await connection.execute(select(trials.c.id).where(waits).limit(1))).first() is None:
                return None
        async with self._engine.begin() as connection:
            chosen = (
                select(trials.c.id).where(waits).order_by(trials.c.asked_at).limit(1).with_for_update(skip_locked=True)
            )
            taken = await connection.execute(
                update(trials)
                .where(trials.c.id.in_(chosen), waits)
                .values(owner=owner, held_until=until)
                .returning(trials)
            )
            row = taken.mappings().first()
            return None if row is None else _trial(row, await _results(connection, [row["id"]]))

    async def start(self, trial_id: str, *, version: str, total: int, at: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(trials)
                .where(trials.c.id == trial_id)
                .values(version=version[:100], total=total, started_at=func.coalesce(trials.c.started_at, at))
            )

    async def note(self, trial_id: str, result: TrialResult, *, owner: str, until: datetime) -> bool:
        async with self._engine.begin() as connection:
            held = await connection.execute(
                update(trials)
                .where(trials.c.id == trial_id, trials.c.owner == owner, trials.c.finished_at.is_(None))
                .values(held_until=until)
            )
            if held.rowcount != 1:
                return False
            await connection.execute(trial_results.insert().values(trial_id=trial_id, **_written(result)))
            return True

    async def finish(self, trial_id: str, *, owner: str, at: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(trials)
                .where(trials.c.id == trial_id, trials.c.owner == owner)
                .values(finished_at=at, held_until=None)
            )

    async def latest(self, system: str, *, most: int = 14) -> Sequence[Trial]:
        wanted = select(trials).where(trials.c.system == system).order_by(trials.c.asked_at.desc()).limit(most)
        async with self._reading.connect() as connection:
            found = (await connection.execute(wanted)).mappings().all()
            results = await _results(connection, [row["id"] for row in found[:_WITH_RESULTS]])
        return [_trial(row, results) for row in found]


async def _results(connection: AsyncConnection, trial_ids: Sequence[str]) -> Sequence[Any]:
    if not trial_ids:
        return ()
    found = await connection.execute(
        select(trial_results)
        .where(trial_results.c.trial_id.in_(trial_ids))
        .order_by(trial_results.c.trial_id, trial_results.c.position)
    )
    return found.mappings().all()


def _asked(trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.id,
        "system": trial.system,
        "day": trial.day,
        "by": trial.by,
        "who": trial.who,
        "asked_at": trial.asked_at,
    }


def _trial(row: Any, results: Sequence[Any]) -> Trial:
    return Trial(
        id=row["id"],
        system=row["system"],
        day=row["day"],
        by=row["by"],
        who=row["who"],
        asked_at=row["asked_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        version=row["version"],
        total=row["total"],
        results=tuple(_result(each) for each in results if each["trial_id"] == row["id"]),
    )


def _written(result: TrialResult) -> dict[str, Any]:
    judged = result.judged
    return {
        "position": result.position,
        "example": result.example[:100],
        "operation": result.operation[:60],
        "state": judged.state.value,
        "expected": judged.expected,
        "found": judged.found,
        "http_status": judged.http_status,
        "error": judged.error[:20],
        "differences": [
            {"place": each.place, "expected": each.expected, "found": each.found} for each in judged.differences[:50]
        ],
        "duration_ms": result.duration_ms,
        "at": result.at,
    }


def _result(row: Any) -> TrialResult:
    return TrialResult(
        position=row["position"],
        example=row["example"],
        operation=row["operation"],
        judged=Judged(
            state=TrialState(row["state"]),
            expected=row["expected"],
            found=row["found"],
            differences=tuple(Mismatch(example=row["example"], **each) for each in row["differences"]),
            http_status=row["http_status"],
            error=row["error"],
        ),
        duration_ms=row["duration_ms"],
        at=row["at"],
    )
