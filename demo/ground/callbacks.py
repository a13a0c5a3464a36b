"""Calls OneWindow back: signed when sent, pushed again after 1, 5 and 30 minutes, six times at most."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx2

from config import logs
from demo.ground import received_sql as sql
from demo.ground.context import SystemContext
from demo.ground.received import Submission, submission_of
from demo.ground.results import seconds_to_next

log = logs.get(__name__)

WAITS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
MOST_ATTEMPTS: Final = 6
AT_ONCE: Final = 8
ANSWER_WITHIN_SECONDS: Final = 2.0
"""A department waits this long for our answer, however fast its own clock runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message due now; `attempt` counts from 1."""

    event_id: str
    submission: Submission
    status: str
    facts: Mapping[str, object]
    happened_at: datetime
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What goes over the line: the body's exact bytes and the headers that prove them."""

    body: bytes
    headers: Mapping[str, str]


Write = Callable[[Message], Letter]
"""Writes and signs a message; called anew for each attempt, so that its time is the present."""
IsTaken = Callable[[httpx2.Response], bool]
"""Whether an answer counts as taken; anything else is pushed again."""


def wait_before(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts; None when the department gives up."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return WAITS[min(attempts, len(WAITS)) - 1]


def run_callbacks(context: SystemContext, write: Write, is_taken: IsTaken) -> None:
    """Register the task that sends what is due, as long as the host runs; without an address nothing is sent."""
    if not context.callback_url:
        return

    async def run() -> None:
        async with httpx2.AsyncClient(
            timeout=ANSWER_WITHIN_SECONDS, transport=context.transport, trust_env=False
        ) as client:
            while True:
                since = context.store.changes
                rows = await context.store.run(lambda connection: due_messages(connection, context.clock().timestamp()))
                await asyncio.gather(*(_send(context, client, write, is_taken, *row) for row in rows))
                if not rows:
                    nap = await seconds_to_next(context, sql.next_event_due)
                    await context.store.wait_for_change(since=since, at_most=nap)

    context.background(run)


def due_messages(connection: sqlite3.Connection, at: float, *, most: int = AT_ONCE) -> list[tuple[int, Message]]:
    """Return what is to be told now, oldest first, with the number each is settled by."""
    found = []
    for event in sql.due_events(connection, at, most):
        row = sql.find(connection, "row = ?", (event["submission"],))
        if row is None:
            raise RuntimeError("a message without its submission")
        message = Message(
            event_id=event["event_id"],
            submission=submission_of(row),
            status=event["status"],
            facts=json.loads(event["facts"]),
            happened_at=datetime.fromtimestamp(event["happened_at"], UTC),
            attempt=event["attempts"] + 1,
        )
        found.append((event["event"], message))
    return found


async def _send(
    context: SystemContext, client: httpx2.AsyncClient, write: Write, is_taken: IsTaken, event: int, message: Message
) -> None:
    letter = write(message)
    try:
        answer = await client.post(context.callback_url, content=letter.body, headers=dict(letter.headers))
        taken = is_taken(answer)
    except (httpx2.HTTPError, ValueError) as error:  # ValueError: an answer that is no JSON
        log.info("callback_failed", system=context.id, event_id=message.event_id, fault=type(error).__name__)
        taken = False
    state, due_at = _next(context, message.attempt, taken)
    await context.store.run(lambda connection: sql.settle_event(connection, event, state, due_at))


def _next(context: SystemContext, attempts: int, taken: bool) -> tuple[str, float]:
    now = context.clock()
    if taken:
        return "taken", now.timestamp()
    wait = wait_before(attempts)
    if wait is None:
        return "given_up", now.timestamp()
    return "waiting", (now + context.scaled(wait)).timestamp()
