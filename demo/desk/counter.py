"""The counter of a department: takes a keyed entry once, and moves a case on when a person clicks."""

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from config.clock import SHANGHAI
from demo.desk import progress
from demo.desk.entry import Entry, id_numbers
from demo.desk.entry_form import EntryForm, While
from demo.ground.context import SystemContext
from demo.ground.received import NewSubmission, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The entry is on record under `department_number`, for the first time or already: then `already` says so."""

    department_number: str
    already: str = ""


class NoSuchCase(Exception):
    """No case is on record under that number."""


class StatusNotAllowed(Exception):
    """The case cannot go to that status from where it stands."""


class Counter:
    """One system's counter; entries are taken one after the other, so that two clerks can't key the same case twice."""

    def __init__(self, context: SystemContext, form: EntryForm) -> None:
        self._context, self._form = context, form
        self._statuses = context.entry.status_map
        self._one_at_a_time = asyncio.Lock()

    async def take(self, entry: Entry, *, by: str) -> Taken:
        """Keep the entry durably and return the department's number of it, or of the one that was there before."""
        at = self._context.clock()
        async with self._one_at_a_time:
            if (clash := await self._clash(entry)) is not None:
                return self._already(clash)
            recorded = await self._context.store.record(self._submission(entry, at), at=at)
        if recorded.repeat is not None:
            return self._already(recorded.submission.department_number)
        await self._amend(recorded.submission, recorded.submission.status, by=by, at=at)
        return Taken(department_number=recorded.submission.department_number)

    async def move(self, department_number: str, to: str, *, by: str) -> Submission:
        """Set the status a person clicked on.

        Raises:
            NoSuchCase: nothing is on record under that number.
            StatusNotAllowed: the case is decided, or past that status.
        """
        async with self._one_at_a_time:
            submission = await self._context.store.by_department_number(department_number)
            if submission is None:
                raise NoSuchCase(department_number)
            if to not in progress.next_statuses(self._statuses, submission.status):
                raise StatusNotAllowed(to)
            await self._amend(submission, to, by=by, at=self._context.clock())
        return submission

    def _already(self, department_number: str) -> Taken:
        words = self._form.already.format(number=department_number)
        return Taken(department_number=department_number, already=words)

    def _submission(self, entry: Entry, at: datetime) -> NewSubmission:
        day = at.astimezone(SHANGHAI).date()
        return NewSubmission(
            number=entry.number,
            operation=entry.operation,
            payload=entry.payload,
            status=progress.first_status(self._statuses),
            name_it=lambda row: self._form.name_it(day, row),
            request_key=entry.number if self._form.once_per_case else None,
            business_key=self._business_key(entry) if self._form.clashes is While.EVER else None,
        )

    def _business_key(self, entry: Entry) -> str:
        return "+".join(str(entry.payload.get(name, "")) for name in self._form.same)

    async def _clash(self, entry: Entry) -> str | None:
        if self._form.clashes is not While.OPEN:
            return None
        for number, status, payload in await self._context.store.run(_on_record):
            if not progress.is_decided(self._statuses, status) and _is_same(self._form, entry.payload, payload):
                return number
        return None

    async def _amend(self, submission: Submission, status: str, *, by: str, at: datetime) -> None:
        past = submission.facts.get("history")
        step = {"status": status, "at": at.astimezone(UTC).isoformat(timespec="seconds"), "by": by}
        history = [*(past if isinstance(past, list) else []), step]
        await self._context.store.amend(submission, status=status, facts={**submission.facts, "history": history})


def _is_same(form: EntryForm, one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    if form.shared:
        return not _numbers(form.same, one).isdisjoint(_numbers(form.same, other))
    return all(one.get(name) == other.get(name) for name in form.same)


def _numbers(names: Iterable[str], payload: Mapping[str, object]) -> frozenset[str]:
    return frozenset(number for name in names for number in id_numbers(str(payload.get(name, ""))))


def _on_record(connection: sqlite3.Connection) -> list[tuple[str, str, dict[str, object]]]:
    rows = connection.execute("SELECT department_number, status, payload FROM submissions ORDER BY row DESC").fetchall()
    return [(row["department_number"], row["status"], json.loads(row["payload"])) for row in rows]
