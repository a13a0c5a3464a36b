"""Results and events as kept: scopes, pages, one person, and happening once, on both databases."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.fanout import Happening
from connectors.flows import read_flows
from connectors.ledger import DeliveryState
from connectors.notices import ResultScope
from connectors.reflux import ResultRecord
from connectors.spec import load_systems
from connectors.storage.notice_book import PAGE, SqlNoticeBook
from connectors.storage.notice_rows import result_row
from connectors.storage.notice_writes import Writes, write
from connectors.storage.noticing import Noticing
from connectors.storage.opening_noticing import open_noticing
from connectors.storage.tables import metadata
from matters.policy import Actor, Role, may_decide_event
from tests.doubles.house import matters
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOWN, NEIGHBOUR = "320105007", "320105008"
FLOWS = read_flows(Path(__file__).parents[2] / "config")
BORN = "990101190203011230"


@pytest.fixture
async def noticing(engine: AsyncEngine) -> Noticing:
    await with_tables(engine, metadata)
    return open_noticing(
        flows=FLOWS, systems={}, guide=matters().get, secret=b"s", due_on=lambda at: at + timedelta(days=1)
    )


def result(number: int, *, region: str = TOWN, unit: str = "u1", **other: object) -> ResultRecord:
    record = ResultRecord(
        case_number=f"{region}-261123-MZ001-{number:06d}",
        matter_id="01-minimum-living-guarantee",
        matter_name="低保",
        guide_version=1,
        region=region,
        unit=unit,
        name=f"测试{number}",
        decision="approved",
        department_number="",
        items={"person.name": f"测试{number}", "person.id_number": BORN},
        is_sensitive=False,
        decided_at=AT + timedelta(minutes=number),
        visible_from=AT,
    )
    return replace(record, **other)  # type: ignore[arg-type]


async def keep(engine: AsyncEngine, noticing: Noticing, *records: ResultRecord) -> None:
    async with engine.begin() as connection:
        rows = [result_row(each, noticing.person_key) for each in records]
        await write(connection, Writes(at=AT, due_at=AT, results=rows))


async def test_a_township_s_list_is_its_own_the_latest_first_in_pages(engine: AsyncEngine, noticing: Noticing) -> None:
    book = SqlNoticeBook(engine, noticing.events)
    await keep(engine, noticing, *(result(n) for n in range(PAGE + 3)), result(99, region=NEIGHBOUR))
    scope = ResultScope(region=TOWN, sensitive=False)
    first = await book.results(scope, at=AT + timedelta(days=1))
    second = await book.results(scope, at=AT + timedelta(days=1), after=first.after)
    numbers = [each.case_number for page in (first, second) for each in page]
    assert len(numbers) == PAGE + 3
    assert numbers == sorted(numbers, reverse=True)
    assert second.after is None
    county = await book.results(ResultScope(region=TOWN[:6], sensitive=False), at=AT + timedelta(days=1))
    assert county[0].region == NEIGHBOUR


async def test_sensitive_results_are_for_their_own_unit_and_for_who_is_authorised(
    engine: AsyncEngine, noticing: Noticing
) -> None:
    book = SqlNoticeBook(engine, noticing.events)
    await keep(engine, noticing, result(1), result(2, is_sensitive=True), result(3, is_sensitive=True, unit="u2"))

    async def seen(scope: ResultScope) -> set[str]:
        page = await book.results(scope, at=AT + timedelta(days=1))
        return {each.case_number[-1] for each in page}

    assert await seen(ResultScope(region=TOWN, sensitive=False)) == {"1"}
    assert await seen(ResultScope(region=TOWN, sensitive=False, own_unit="u1")) == {"1", "2"}
    assert await seen(ResultScope(region=TOWN, sensitive=True)) == {"1", "2", "3"}


async def test_a_batch_is_not_seen_before_its_time_and_a_person_is_found_exactly(
    engine: AsyncEngine, noticing: Noticing
) -> None:
    book = SqlNoticeBook(engine, noticing.events)
    await keep(engine, noticing, result(1), result(2, visible_from=AT + timedelta(hours=20)))
    scope = ResultScope(region=TOWN, sensitive=True)
    assert [each.case_number[-1] for each in await book.results(scope, at=AT)] == ["1"]
    assert len(await book.results(scope, at=AT, name="测试1")) == 1
    assert not await book.results(scope, at=AT, name="测试")
    later = AT + timedelta(days=1)
    assert len(await book.results(scope, at=later, person_key=noticing.person_key(BORN))) == 2
    assert not await book.results(scope, at=later, person_key=noticing.person_key("other"))


async def test_two_reports_of_one_death_at_the_same_moment_happen_once(engine: AsyncEngine, noticing: Noticing) -> None:
    book = SqlNoticeBook(engine, noticing.events)
    death = Happening(
        fanout=FLOWS.fanouts["F1-death-reported"],
        source="a",
        items={"deceased.name": "测试", "deceased.id_number": BORN},
        region=TOWN,
        unit="u1",
        happened_at=AT,
    )
    told = await asyncio.gather(
        *(book.happen([replace(death, source=source)], at=AT) for source in ("a", "a", "b", "c"))
    )
    assert sum(len(each) for each in told) == 1
    (event,) = await book.events(TOWN, "open")
    assert len(await book.of_event(event.number)) == 4
    decided = await asyncio.gather(
        *(book.decide(event.number, "undo", by="甲", reason="误报", at=AT) for _ in range(3))
    )
    assert sorted(decided) == [False, False, True]
    assert {len(each.deliveries) for each in await book.of_event(event.number)} == {2}


def death_of(number: int, *, region: str = TOWN, minute: int = 0) -> Happening:
    return Happening(
        fanout=FLOWS.fanouts["F1-death-reported"],
        source=f"s:{number}",
        items={"deceased.name": f"测试{number}", "deceased.id_number": f"99010119020301{number:04d}"},
        region=region,
        unit="",
        happened_at=AT + timedelta(minutes=minute),
    )


async def test_events_come_in_pages_that_end_and_miss_none(engine: AsyncEngine, noticing: Noticing) -> None:
    book = SqlNoticeBook(engine, noticing.events)
    # Three share each moment, so that the mark has to tell them apart by number.
    await book.happen([death_of(n, minute=n // 3) for n in range(2 * PAGE + 5)], at=AT)
    relief = replace(death_of(500), fanout=FLOWS.fanouts["F2-age-eighty"], items={"person.id_number": BORN})
    await book.happen([relief], at=AT)
    seen: list[str] = []
    after: str | None = None
    for _ in range(4):
        page = await book.events(TOWN, "open", after=after)
        assert len(page) <= PAGE
        seen += [event.name for event in page]
        if (after := page.after) is None:
            break
    assert after is None
    assert sorted(seen) == sorted(f"测试{n}" for n in range(2 * PAGE + 5))
    moments = [int(name.removeprefix("测试")) // 3 for name in seen]
    assert moments == sorted(moments), "what waits longest comes first"
    assert not await book.events(TOWN, "open", kind="F2-age-eighty")
    assert [event.fanout for event in await book.events(TOWN, "done")] == ["F2-age-eighty"]
    assert await book.events(TOWN, "open", after="1.'; drop table")


async def test_whoever_answers_for_a_region_has_all_events_in_it_and_those_that_lie_nowhere(
    engine: AsyncEngine, noticing: Noticing
) -> None:
    book = SqlNoticeBook(engine, noticing.events)
    regions = (TOWN, NEIGHBOUR, "320105", "320205", "32", "")
    await book.happen([death_of(n, region=region) for n, region in enumerate(regions)], at=AT)

    async def seen(region: str) -> set[str]:
        return {event.region for event in await book.events(region, "open")}

    assert await seen(TOWN) == {TOWN}
    assert await seen("320105") == {TOWN, NEIGHBOUR, "320105", ""}
    assert await seen("3202") == {"320205", ""}
    assert await seen("32") == {*regions}
    for actor, may in (("320105", {TOWN, NEIGHBOUR, "320105", ""}), (TOWN, {TOWN}), ("32", {*regions})):
        manager = Actor(sub="m", name="m", roles=frozenset({Role.MANAGER}), unit="u", region=actor)
        assert {region for region in regions if may_decide_event(manager, region)} == may == await seen(actor)


async def test_who_is_announced_in_no_township_belongs_to_where_they_are_known_else_to_the_county(
    engine: AsyncEngine, noticing: Noticing
) -> None:
    book = SqlNoticeBook(engine, noticing.events)
    known, stranger = noticing.person_key(BORN), noticing.person_key("990101190203019999")
    assert await book.place_of_person("330105", stranger) == ("330105", ""), "before anything came back"
    await keep(engine, noticing, result(1), result(2, region=NEIGHBOUR, unit="u2"))
    assert await book.place_of_person(TOWN, stranger) == (TOWN, "u1")
    assert await book.place_of_person(f"{TOWN}001", stranger) == (TOWN, "u1")
    assert await book.place_of_person("320105", known) == (NEIGHBOUR, "u2")
    assert await book.place_of_person("nowhere", known) == (NEIGHBOUR, "u2")
    for said, answers in (("320105", "320105"), ("32010", "3201"), ("3299", "3299"), ("3", ""), ("", ""), ("９９", "")):
        assert await book.place_of_person(said, stranger) == (answers, ""), said
    assert await book.place_of_person("330105", stranger) == ("", ""), "another province's"


async def test_a_system_that_is_leaving_is_told_what_follows_and_a_person_carries_what_is_new(
    engine: AsyncEngine, noticing: Noticing
) -> None:
    systems = dict(load_systems(Path(__file__).parents[2] / "config" / "systems"))
    book = SqlNoticeBook(engine, replace(noticing.events, systems=systems))

    async def states(number: str) -> dict[str, list[str]]:
        told = await book.of_event(number)
        return {each.action + each.receiver: [sent.state.value for sent in each.deliveries] for each in told}

    async def dies(id_number: str) -> str:
        death = Happening(
            fanout=FLOWS.fanouts["F1-death-reported"],
            source=id_number,
            items={"deceased.name": "测试", "deceased.id_number": id_number},
            region=TOWN,
            unit="u1",
            happened_at=AT,
        )
        (number,) = await book.happen([death], at=AT)
        return number

    before = await dies(BORN)
    assert {state for each in (await states(before)).values() for state in each} == {DeliveryState.QUEUED.value}
    for id_ in systems:
        systems[id_] = replace(systems[id_], service="draining")
    assert await book.decide(before, "undo", by="甲", reason="误报", at=AT)
    assert {each[1] for each in (await states(before)).values()} == {DeliveryState.QUEUED.value}
    draining = await dies("990101190203011231")
    assert {state for each in (await states(draining)).values() for state in each} == {DeliveryState.DESK.value}
    for id_ in systems:
        systems[id_] = replace(systems[id_], service="retired")
    retired = await dies("990101190203011232")
    assert await book.decide(retired, "undo", by="甲", reason="误报", at=AT)
    assert {state for each in (await states(retired)).values() for state in each} == {DeliveryState.DESK.value}
