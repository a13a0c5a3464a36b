"""What OneWindow's database and each department have of the applications taken in."""

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
from connectors.ledger import DUE, LEASED
from connectors.outcomes import OutcomeClass
from connectors.storage.tables import attempts, deliveries
from matters.storage.tables import cases

_MOVING = [state.value for state in (*DUE, *LEASED)]
_READ = [deliveries.c[name] for name in ("case_number", "kind", "system", "state", "created_at", "confirmed_at")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """OneWindow's own account of the cases asked about, and of how it got there."""

    states: Mapping[str, str]
    """The delivery's state by case number."""
    others: int
    """Cases nobody was told of."""
    unknown_of: Mapping[str, int] = field(default_factory=dict)
    """By system: attempts nobody could tell the outcome of, those cut short by a kill among them."""
    attempts_at: Sequence[float] = ()
    taken_up_after: Sequence[float] = ()
    """For each attempt that a kill cut short: seconds until the delivery's next attempt began."""
    delivered: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    """When deliveries that were confirmed were accepted and when confirmed, by system."""

    def confirmed_at(self, system: str) -> list[float]:
        return sorted(confirmed for _, confirmed in self.delivered.get(system, ()))


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
        select(
            attempts.c.delivery_id, attempts.c.system, attempts.c.started_at, attempts.c.finished_at, attempts.c.outcome
        )
        .where(attempts.c.started_at >= since)
        .order_by(attempts.c.delivery_id, attempts.c.number)
    )
    rows = tried.all()
    unknown = [row for row in rows if row.finished_at is None or row.outcome == OutcomeClass.UNKNOWN.value]
    delivered: dict[str, list[tuple[float, float]]] = {}
    for row in mine:
        if row["confirmed_at"] is not None:
            span = row["created_at"].timestamp(), row["confirmed_at"].timestamp()
            delivered.setdefault(row["system"], []).append(span)
    return Kept(
        states={row["case_number"]: row["state"] for row in mine},
        others=len(known - numbers),
        unknown_of=Counter(row.system for row in unknown),
        attempts_at=sorted(row.started_at.timestamp() for row in rows),
        taken_up_after=[
            (after.started_at - before.started_at).total_seconds()
            for before, after in pairwise(rows)
            if before.finished_at is None and after.delivery_id == before.delivery_id
        ],
        delivered=delivered,
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


def now() -> datetime:
    return datetime.now(UTC)
