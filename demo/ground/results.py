"""What a department decides later: steps planned with the submission, carried out when due, also after a restart."""

import json
import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from demo.faults.switch import Fault
from demo.ground import received_sql as sql
from demo.ground.context import SystemContext
from demo.ground.received import Submission, submission_of

LONGEST_NAP_SECONDS = 1.0
SHUFFLED_OVER_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One message to OneWindow. The same `event_id` may be sent more than once; `after` delays it."""

    event_id: str
    status: str
    facts: Mapping[str, object]
    happened_at: datetime
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A submission that just reached `status`; `step` is unique in this system and serves as the event's number."""

    submission: Submission
    step: int
    status: str
    facts: Mapping[str, object]
    at: datetime


Announce = Callable[[Told], Sequence[Event]]
"""Pure: which messages follow from a step. A system that is polled announces nothing."""


NextDue = Callable[[sqlite3.Connection], float | None]


def about(typical: timedelta, dice: random.Random) -> timedelta:
    """Return a duration between half and twice the typical one; people's work is not clockwork."""
    return typical * dice.uniform(0.5, 2.0)


def announce_nothing(_told: Told) -> Sequence[Event]:
    return ()


def run_results(context: SystemContext, announce: Announce = announce_nothing) -> None:
    """Register the task that carries out what is due, as long as the host runs."""

    async def run() -> None:
        while True:
            since, fault = context.store.changes, context.faults.peek()
            if fault is Fault.SILENT:
                await context.store.wait_for_change(since=since, at_most=LONGEST_NAP_SECONDS)
                continue
            telling = _shuffled(context, announce) if fault is Fault.OUT_OF_ORDER else announce
            if await context.store.run(partial(_carry_out, announce=telling, at=context.clock())):
                context.store.wake()
            await context.store.wait_for_change(since=since, at_most=await seconds_to_next(context))

    context.background(run)


def _shuffled(context: SystemContext, announce: Announce) -> Announce:
    """Tell everything twice, each time after a delay of its own: later steps overtake earlier ones."""

    def announced(told: Told) -> Sequence[Event]:
        dice = context.dice("shuffle", told.submission.number, str(told.step))
        return [
            replace(event, after=timedelta(seconds=dice.uniform(0, SHUFFLED_OVER_SECONDS)))
            for event in announce(told)
            for _ in range(2)
        ]

    return announced


async def seconds_to_next(context: SystemContext, next_due: NextDue = sql.next_step_due) -> float:
    """Return how long nothing is due, at most a second, so that a clock set forward is noticed."""
    due = await context.store.run(next_due)
    if due is None:
        return LONGEST_NAP_SECONDS
    return min(max(due - context.clock().timestamp(), 0.005), LONGEST_NAP_SECONDS)


def _carry_out(connection: sqlite3.Connection, announce: Announce, at: datetime) -> int:
    """Return how many steps were due."""
    steps = sql.take_due_steps(connection, at.timestamp())
    for step in steps:
        sql.set_status(connection, step["submission"], step["status"], step["facts"])
        row = sql.find(connection, "row = ?", (step["submission"],))
        if row is None:
            raise RuntimeError("a step without its submission")
        told = Told(
            submission=submission_of(row),
            step=step["step"],
            status=step["status"],
            facts=json.loads(step["facts"]),
            at=datetime.fromtimestamp(step["due_at"], UTC),
        )
        for event in announce(told):
            sql.add_event(
                connection,
                event_id=event.event_id,
                submission=step["submission"],
                status=event.status,
                facts=json.dumps(dict(event.facts), ensure_ascii=False),
                happened_at=event.happened_at.timestamp(),
                due_at=(at + event.after).timestamp(),
            )
    return len(steps)


async def withdraw(context: SystemContext, submission: Submission, *, status: str, reason: str) -> None:
    """Take a submission out of the department's hands: what was planned is not carried out any more."""

    def work(connection: sqlite3.Connection) -> None:
        sql.cancel_steps(connection, submission.row)
        sql.set_status(connection, submission.row, status, json.dumps({"reason": reason}, ensure_ascii=False))

    await context.store.run(work)
