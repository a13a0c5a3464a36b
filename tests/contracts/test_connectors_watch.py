"""The look for what people should know of, on both databases: told once each, closed by itself, one process a turn."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI
from config.storage.memory_state import MemoryStateStore
from connectors.availability import MAKE_UP_DAY
from connectors.incidents import DAMPING
from connectors.outcomes import Outcome, OutcomeClass
from connectors.reconciliation import Comparison, Difference, Repair, RepairNote
from connectors.secrets_dir import SecretsDirectory
from connectors.spec_models import Breaker
from connectors.storage.ledger import SqlBreakers
from connectors.storage.limits import SqlLimits
from connectors.storage.watching import open_watch
from connectors.watch import EVERY_SECONDS, Watch
from matters.storage.tables import cases
from tests.doubles.house import MONDAY, House, make_house

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = MONDAY.astimezone(SHANGHAI).date()


@dataclass(slots=True)
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    house: House
    watch: Watch
    clock: Clock
    secrets: Path

    async def told(self) -> list[tuple[str, str, str]]:
        inbox = await self.house.connectors.alerts.inbox("owner-1", systems=None, most=50)
        keys = [(each.event, each.incident.key.kind, each.incident.key.subject) for each in inbox]
        return keys[::-1]

    async def look(self, *, later: timedelta = timedelta(0)) -> list[tuple[str, str, str]]:
        self.clock.now += later
        await self.watch.look()
        return await self.told()


@pytest.fixture
async def site(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Site]:
    clock = Clock(MONDAY)
    house = await make_house(engine, MemoryStateStore(), tmp_path, clock=clock)
    watch = open_watch(
        engine,
        health=house.connectors.health,
        alerting=house.connectors.alerting,
        secrets=SecretsDirectory(tmp_path / "secrets"),
        endpoints={"mz-elder": "http://127.0.0.1:9"},
        holiday_on=lambda day: MAKE_UP_DAY,
        offset=timedelta(0),
        clock=clock,
    )
    yield Site(house=house, watch=watch, clock=clock, secrets=tmp_path / "secrets")
    await house.connectors.aclose()


async def test_a_breaker_is_told_once_and_once_when_it_stayed_closed(site: Site, engine: AsyncEngine) -> None:
    breakers, at = SqlBreakers(engine), site.clock()
    fault = Outcome(kind=OutcomeClass.TRANSIENT, error="connect")
    policy = Breaker(faults=1, open_seconds=30)
    assert await site.look() == []
    await breakers.note("mz-elder", fault, policy, at=at)
    opened = [("opened", "breaker_open", "")]
    assert await site.look() == opened
    assert await site.look(later=timedelta(minutes=1)) == opened
    await breakers.note("mz-elder", Outcome(kind=OutcomeClass.ACCEPTED), policy, at=site.clock())
    assert await site.look(later=timedelta(minutes=1)) == opened
    assert await site.look(later=DAMPING) == [*opened, ("closed", "breaker_open", "")]
    assert await site.look(later=DAMPING) == [*opened, ("closed", "breaker_open", "")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_secret_is_told_of_thirty_seven_and_one_day_before_and_closed_when_renewed(site: Site) -> None:
    file = site.secrets / "elder.token.expires"
    file.write_text(f"{(site.clock() + 31 * DAY).astimezone(SHANGHAI).isoformat()}\n")
    assert await site.look() == []
    expected = []
    for later, stage in ((DAY, 30), (23 * DAY, 7), (6 * DAY, 1)):
        expected.append(("opened", "secret_expiry", f"elder.token@{stage}"))
        assert await site.look(later=later) == expected
        assert await site.look(later=timedelta(minutes=5)) == expected
    file.write_text("2099-12-31\n")
    await site.look(later=timedelta(minutes=1))
    assert await site.look(later=DAMPING) == [*expected, ("closed", "secret_expiry", "elder.token@1")]


async def test_a_promise_that_the_channel_breaks_is_counted_told_and_shown(site: Site, engine: AsyncEngine) -> None:
    accepted = [await site.house.accept(key=f"k{n}", seed=n, at=site.clock()) for n in range(3)]
    numbers = [each.case.number for each in accepted]
    for number, day in zip(numbers, (TODAY - DAY, TODAY, TODAY + 30 * DAY), strict=True):
        async with engine.begin() as connection:
            await connection.execute(update(cases).where(cases.c.number == number).values(promised_on=day))
    assert [kind for _, kind, _ in await site.look()] == ["limit_at_risk"]
    (standing,) = await site.house.connectors.health.all(site.clock())
    assert standing.health.limits is not None
    assert (standing.health.limits.count, standing.health.limits.soonest_on) == (1, TODAY - DAY)
    # For two hours nothing got through: what is promised by tomorrow is in danger too.
    assert [kind for _, kind, _ in await site.look(later=2 * HOUR)] == ["limit_at_risk", "waiting_too_long"]
    (standing,) = await site.house.connectors.health.all(site.clock())
    assert standing.health.limits is not None
    assert standing.health.limits.count == 2


async def test_limits_are_counted_for_each_system_by_its_own_day(site: Site, engine: AsyncEngine) -> None:
    await site.house.accept(at=site.clock())
    limits = SqlLimits(engine)
    assert await limits.at_risk({}) == {}
    assert await limits.at_risk({"mz-elder": TODAY, "rs-card": date(2099, 1, 1)}) == {}
    found = await limits.at_risk({"mz-elder": date(2099, 1, 1)})
    assert [count for count, _ in found.values()] == [1]


async def test_lines_that_a_person_has_to_ask_about_are_told_until_each_is_noted(site: Site) -> None:
    book = site.house.connectors.reconciliations

    async def compare(day: date, *repairs: Repair) -> None:
        at = site.clock()
        differences = tuple(
            Difference(our_number=f"c-{n}", repair=repair, ours="", theirs="") for n, repair in enumerate(repairs)
        )
        await book.take("mz-elder", day, owner="w", at=at, until=at + HOUR)
        await book.finish(
            Comparison(
                system="mz-elder", day=day, compared_at=at, ours=1, theirs=1, ours_sha256="", theirs_sha256="",
                differences=differences,
            ),
            at=at,
        )  # fmt: skip

    await compare(TODAY - DAY, Repair.ASK, Repair.LOOK_UP, Repair.ASK)
    assert await site.look() == [("opened", "reconciliation", "")]
    (incident,) = await site.house.connectors.alerting.standing()
    assert incident.count == 2
    await compare(TODAY, Repair.LOOK_UP)  # a day that agrees does not answer for the one before
    noted = RepairNote(note="部门已补录", by="o", who="周主管", at=site.clock())
    assert await book.note("mz-elder", TODAY - DAY, "c-0", noted)
    assert not await book.note("mz-elder", TODAY - DAY, "c-0", noted)
    await site.look(later=timedelta(minutes=1))
    (incident,) = await site.house.connectors.alerting.standing()
    assert (incident.count, incident.cleared_at) == (1, None)
    await book.note("mz-elder", TODAY - DAY, "c-2", noted)
    await site.look(later=timedelta(minutes=1))
    assert (await site.look(later=DAMPING))[-1] == ("closed", "reconciliation", "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_others_opened_is_left_to_them(site: Site) -> None:
    await site.house.connectors.alerting.open("mz-elder", "contract_drift", at=site.clock())
    await site.look()
    assert await site.look(later=2 * DAMPING) == [("opened", "contract_drift", "")]


async def test_one_of_many_processes_takes_a_turn(site: Site) -> None:
    for _ in range(2):
        taken = await asyncio.gather(*(site.watch.take_turn() for _ in range(5)))
        assert sorted(taken) == [False] * 4 + [True]
        site.clock.now += timedelta(seconds=EVERY_SECONDS)
