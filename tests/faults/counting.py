"""What became of every application a window holds a number for: read from OneWindow's database and from each department."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from time import monotonic, sleep

import httpx2
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from config.storage.sql import create_engine, readonly
from connectors.ledger import DUE, LEASED, DeliveryState
from connectors.outcomes import OutcomeClass
from connectors.storage.tables import attempts, deliveries
from matters.storage.tables import cases

_MOVING = [state.value for state in (*DUE, *LEASED)]
_READ = [deliveries.c[name] for name in ("case_number", "kind", "system", "state", "created_at", "confirmed_at")]
_WITH_A_PERSON = frozenset({DeliveryState.DESK.value, DeliveryState.INVALID.value})
_TOLD_NO = DeliveryState.REFUSED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """OneWindow's own account of the cases asked about, and of how it got there."""

    states: Mapping[str, str]
    """The delivery's state by case number."""
    systems: Mapping[str, str]
    others: int
    """Cases nobody was told of."""
    unknown: int
    """Attempts nobody could tell the outcome of, those cut short by a kill among them."""
    attempts_at: Sequence[float] = ()
    taken_up_after: Sequence[float] = ()
    """For each attempt that a kill cut short: seconds until the delivery's next attempt began."""
    confirmed_at: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """When deliveries were confirmed, by system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """The count. `resent_unknown` are cases that stand twice at a department that can neither dedupe nor be asked."""

    accepted: int
    lost: Sequence[str]
    doubled: Sequence[str]
    unsettled: int
    half_kept: int
    unknown: int
    desk: int

    @property
    def is_none(self) -> bool:
        return not (self.lost or self.doubled or self.unsettled or self.half_kept)


def settle(database_url: str, numbers: Sequence[str], *, within_seconds: float) -> int:
    """Wait until no delivery of these cases is on its way; return how many still are."""
    until = monotonic() + within_seconds
    while True:
        try:
            left = asyncio.run(_moving(database_url, numbers))
        except (OSError, SQLAlchemyError):
            left = len(numbers)  # the database is still coming back
        if not left or monotonic() > until:
            return left
        sleep(0.5)


async def _moving(database_url: str, numbers: Sequence[str]) -> int:
    engine = create_engine(database_url)
    try:
        async with readonly(engine).connect() as connection:
            found = await connection.execute(
                select(deliveries.c.case_number).where(deliveries.c.state.in_(_MOVING), deliveries.c.kind == "submit")
            )
            return len({row[0] for row in found} & set(numbers))
    finally:
        await engine.dispose()


def kept(database_url: str, numbers: Sequence[str], *, since: datetime) -> Kept:
    """Read everything at once; `numbers` are the cases taken in since `since`."""
    return asyncio.run(_kept(database_url, frozenset(numbers), since))


async def _kept(database_url: str, numbers: frozenset[str], since: datetime) -> Kept:
    engine = create_engine(database_url)
    try:
        async with readonly(engine).connect() as connection:
            return await _read(connection, numbers, since)
    finally:
        await engine.dispose()


async def _read(connection: AsyncConnection, numbers: frozenset[str], since: datetime) -> Kept:
    of_cases = await connection.execute(select(cases.c.number).where(cases.c.accepted_at >= since))
    known = {row[0] for row in of_cases}
    found = await connection.execute(select(*_READ).where(deliveries.c.created_at >= since))
    mine = [row for row in found.mappings() if row["case_number"] in numbers and row["kind"] == "submit"]
    tried = await connection.execute(
        select(attempts.c.delivery_id, attempts.c.started_at, attempts.c.finished_at, attempts.c.outcome)
        .where(attempts.c.started_at >= since)
        .order_by(attempts.c.delivery_id, attempts.c.number)
    )
    rows = tried.all()
    unknown = sum(row.finished_at is None or row.outcome == OutcomeClass.UNKNOWN.value for row in rows)
    confirmed: dict[str, list[float]] = {}
    for row in mine:
        if row["confirmed_at"] is not None:
            confirmed.setdefault(row["system"], []).append(row["confirmed_at"].timestamp())
    return Kept(
        states={row["case_number"]: row["state"] for row in mine},
        systems={row["case_number"]: row["system"] for row in mine},
        others=len(known - numbers),
        unknown=unknown,
        attempts_at=sorted(row.started_at.timestamp() for row in rows),
        taken_up_after=[
            (after.started_at - before.started_at).total_seconds()
            for before, after in pairwise(rows)
            if before.finished_at is None and after.delivery_id == before.delivery_id
        ],
        confirmed_at=confirmed,
    )


def received(addresses: Mapping[str, str], *, scan: bool = True) -> Mapping[str, Mapping[str, int]]:
    """Ask each department what it has: how often by number. Tables and files are scanned first."""
    told: dict[str, Mapping[str, int]] = {}
    for system, base_url in addresses.items():
        if scan:
            httpx2.post(f"{base_url}/scan", timeout=30, trust_env=False).raise_for_status()
        receipts = httpx2.get(f"{base_url}/received", timeout=60, trust_env=False).raise_for_status().json()
        told[system] = {receipt["number"]: receipt["times"] for receipt in receipts}
    return told


def received_once_scanned(
    addresses: Mapping[str, str], wanted: Sequence[tuple[str, str]], *, within_seconds: float = 30
) -> Mapping[str, Mapping[str, int]]:
    """Return what departments have, once they have all of `wanted` or the patience ends."""
    until = monotonic() + within_seconds
    while True:
        told = received(addresses)
        if all(told[system].get(number) for system, number in wanted) or monotonic() > until:
            return told
        sleep(0.5)


def harm(
    promised: Sequence[tuple[str, str]], book: Kept, told: Mapping[str, Mapping[str, int]], *, unsettled: int
) -> Harm:
    """Hold what was promised against what OneWindow and the departments have."""
    lost, doubled, desk = [], [], 0
    for system, number in promised:
        state, times = book.states.get(number, ""), told[system].get(number, 0)
        with_person = state in _WITH_A_PERSON
        desk += with_person
        if not state or (times == 0 and not with_person and state != _TOLD_NO):
            lost.append(f"{system} {number} {state or 'not kept'}")
        if times > 1:
            doubled.append(f"{system} {number} ×{times}")
    return Harm(
        accepted=len(promised),
        lost=lost,
        doubled=doubled,
        unsettled=unsettled,
        half_kept=book.others,
        unknown=book.unknown,
        desk=desk,
    )


def resume_seconds(kills: Sequence[float], moments: Sequence[float]) -> list[float]:
    """Return how long it was from each kill to the first of `moments` after it; of kills in a row the last one counts."""
    found = []
    for killed, following in zip(kills, [*kills[1:], float("inf")], strict=True):
        first = min((moment for moment in moments if moment > killed), default=None)
        if first is not None and first < following:
            found.append(first - killed)
    return found


def now() -> datetime:
    return datetime.now(UTC)


def outcomes(found: Sequence[tuple[str, str]]) -> str:
    """Return `unknown:timeout ×2, duplicate ×2` of outcomes and their errors."""
    counted = Counter(f"{outcome}:{error}" if error else outcome for outcome, error in found)
    return ", ".join(f"{word} ×{times}" if times > 1 else word for word, times in counted.items())
