"""Cases on SQLite and PostgreSQL: one commit, guarded events, numbers without collision, lists by page."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as engine_event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from matters.case import Case, CaseEvent, CaseStatus, Evidence, Pause, move, remark
from matters.elements import Duration
from matters.errors import CaseConflict, CaseUnknown
from matters.material import FileRef, MaterialProof, ProofKind
from matters.ports import Scope
from matters.storage.cases import SqlCaseStore, add_case, append_event, find_open_case, load_case, next_sequence
from matters.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 22, 1, 30, 0, 123456, tzinfo=UTC)
WINDOW = Evidence(source="window", who="王晓芸")
FILE = FileRef(sha256="ab" * 32, name="证明.pdf", media_type="application/pdf", size_bytes=9)


@pytest.fixture
async def store(engine: AsyncEngine) -> SqlCaseStore:
    await with_tables(engine, metadata)
    return SqlCaseStore(engine)


def new_case(number: int = 1, **changes: object) -> tuple[Case, CaseEvent]:
    draft = Case(
        number=f"320105007-261122-MZ004-{number:06d}",
        query_code="7KQ2M9XD",
        matter_id="04-temporary-assistance",
        matter_name="临时救助",
        guide_version=1,
        situation="emergency",
        status=CaseStatus.DRAFT,
        form={"applicant_name": "贾𬍛", "household_members": [{"name": "甲"}], "by_agent": False},
        applicant_name="贾𬍛",
        unit="320105007-bmfw",
        region="320105007",
        responsible_region="320105007",
        taken_in_by="clerk-1",
        received_at=AT,
        promised=Duration(value=1, unit="working_day"),
        promised_on=date(2026, 11, 23),
        subject_key=f"{number:064d}",
    )
    return move(replace(draft, **changes), CaseStatus.RECEIVED, at=AT, by="clerk-1", evidence=WINDOW)  # type: ignore[arg-type]


async def keep(engine: AsyncEngine, *made: tuple[Case, CaseEvent]) -> None:
    async with engine.begin() as connection:
        for case, event in made:
            await add_case(connection, case, [event])


async def test_a_case_comes_back_as_it_was_kept(engine: AsyncEngine, store: SqlCaseStore) -> None:
    pause = Pause(since=date(2026, 11, 23), until=None, reason="公示", basis="办法第九章")
    case, event = new_case(pauses=(pause,), accepted_at=AT)
    proofs = (
        MaterialProof(material="id_card", kind=ProofKind.EXEMPT, source="电子证照", reference="r-1", at=AT),
        MaterialProof(material="hukou_book", kind=ProofKind.PAPER, originals=1, duplicates=2),
        MaterialProof(material="bank_card", kind=ProofKind.FILE, files=(FILE,)),
    )
    async with engine.begin() as connection:
        await add_case(connection, case, [event], proofs)
    assert await store.by_number(case.number) == case
    assert await store.by_number(f" {case.number.lower()} ") == case
    assert await store.events(case.number) == (event,)
    assert await store.materials(case.number) == proofs


async def test_what_is_rolled_back_was_never_there(engine: AsyncEngine, store: SqlCaseStore) -> None:
    case, event = new_case()

    async def fail_halfway() -> None:
        async with engine.begin() as connection:
            await add_case(connection, case, [event])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_halfway()
    assert await store.by_number(case.number) is None
    assert await store.events(case.number) == ()


async def test_a_number_is_taken_once(engine: AsyncEngine, store: SqlCaseStore) -> None:
    await keep(engine, new_case(1))
    with pytest.raises(IntegrityError):
        await keep(engine, new_case(1))


async def test_an_event_moves_the_case_and_is_added(engine: AsyncEngine, store: SqlCaseStore) -> None:
    case, first = new_case()
    await keep(engine, (case, first))
    accepted, second = move(case, CaseStatus.ACCEPTED, at=AT, by="clerk-1", evidence=WINDOW)
    noted, third = remark(
        accepted, at=AT, by="mz-assist", evidence=Evidence(source="mz-assist", who="mz-assist", number="SHJZ1")
    )
    async with engine.begin() as connection:
        await append_event(connection, accepted, second)
        await append_event(connection, noted, third)
    assert await store.by_number(case.number) == noted
    assert await store.events(case.number) == (first, second, third)


async def test_of_two_writers_who_read_the_same_case_one_moves_it(engine: AsyncEngine, store: SqlCaseStore) -> None:
    case, first = new_case()
    await keep(engine, (case, first))

    async def attempt(to: CaseStatus) -> bool:
        async with engine.begin() as connection:
            read = await load_case(connection, case.number)
            assert read is not None
        moved, event = move(case, to, at=AT, by="x", evidence=WINDOW)
        try:
            async with engine.begin() as connection:
                await append_event(connection, moved, event)
        except CaseConflict:
            return False
        return True

    won = await asyncio.gather(
        attempt(CaseStatus.ACCEPTED), attempt(CaseStatus.WITHDRAWN), attempt(CaseStatus.RETURNED)
    )
    assert sorted(won) == [False, False, True]
    assert len(await store.events(case.number)) == 2
    kept = await store.by_number(case.number)
    assert kept is not None
    assert kept.status is (await store.events(case.number))[-1].status


async def test_sequences_are_never_shared_and_start_at_one(engine: AsyncEngine, store: SqlCaseStore) -> None:
    async def take(short_code: str = "MZ004", day: date = date(2026, 11, 22)) -> int:
        async with engine.begin() as connection:
            return await next_sequence(connection, region="320105007", day=day, short_code=short_code)

    taken = await asyncio.gather(*(take() for _ in range(20)))
    assert sorted(taken) == list(range(1, 21))
    assert await take("MZ005") == 1
    assert await take(day=date(2026, 11, 23)) == 1


async def test_the_query_code_opens_its_own_case_only(engine: AsyncEngine, store: SqlCaseStore) -> None:
    one, other = new_case(1), new_case(2, query_code="AAAA2222")
    await keep(engine, one, other)
    assert await store.by_query_code(one[0].number, "7kq2 m9xd") == one[0]
    assert await store.by_query_code(one[0].number, "AAAA2222") is None
    assert await store.by_query_code(one[0].number, "") is None
    assert await store.by_query_code(one[0].number, "é" * 8) is None
    assert await store.by_query_code("320105007-261122-MZ004-999999", "00000000") is None


async def test_a_subject_has_one_open_case_and_closing_it_frees_the_way(
    engine: AsyncEngine, store: SqlCaseStore
) -> None:
    case, event = new_case(subject_key="a" * 64)
    await keep(engine, (case, event))
    assert await store.open_case_of("a" * 64) == case.number
    assert await store.open_case_of("b" * 64) is None
    withdrawn, closing = move(case, CaseStatus.WITHDRAWN, at=AT, by="clerk-1", evidence=WINDOW)
    async with engine.begin() as connection:
        await append_event(connection, withdrawn, closing)
        assert await find_open_case(connection, "a" * 64) is None


async def test_a_list_is_walked_page_by_page_newest_first(engine: AsyncEngine, store: SqlCaseStore) -> None:
    # Three share a moment, so that the cursor has to tell them apart by number.
    made = [new_case(n, received_at=AT + timedelta(seconds=n // 3)) for n in range(1, 12)]
    await keep(engine, *made, new_case(50, unit="other", region="320206003", responsible_region="320206003"))
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await store.page(Scope(unit="320105007-bmfw"), after=after, limit=4)
        seen += [case.number for case in page]
        after = page.after
        if after is None:
            break
    expected = sorted(((case.received_at, case.number) for case, _ in made), reverse=True)
    assert seen == [number for _, number in expected]


@pytest.mark.parametrize(
    ("region", "count"), [("320105007", 2), ("320105", 3), ("3201", 3), ("32", 4), ("33", 0), ("", 0)]
)
async def test_a_region_shows_what_lies_in_it(
    engine: AsyncEngine, store: SqlCaseStore, region: str, count: int
) -> None:
    places = ("320105007", "320105007", "320105009", "320206003")
    await keep(engine, *(new_case(n, region=place) for n, place in enumerate(places)))
    assert len(await store.page(Scope(region=region))) == count


async def test_open_and_closed_cases_are_told_apart(engine: AsyncEngine, store: SqlCaseStore) -> None:
    closed, event = new_case(2)
    ended, last = move(closed, CaseStatus.RETURNED, at=AT, by="x")
    async with engine.begin() as connection:
        await add_case(connection, *(lambda made: (made[0], [made[1]]))(new_case(1)))
        await add_case(connection, ended, [event, last])
    unit = Scope(unit="320105007-bmfw")
    assert [case.number[-1] for case in await store.page(unit, is_open=True)] == ["1"]
    assert [case.number[-1] for case in await store.page(unit, is_open=False)] == ["2"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "5", "99999999999999999999.a", "-1.a", "1.'; drop table matters_cases", "1.\0"]
)
async def test_a_cursor_of_somebodys_making_breaks_nothing(
    engine: AsyncEngine, store: SqlCaseStore, cursor: str
) -> None:
    await keep(engine, new_case())
    assert len(await store.page(Scope(unit="320105007-bmfw"), after=cursor)) <= 1


async def test_files_are_added_to_a_material_once_each(engine: AsyncEngine, store: SqlCaseStore) -> None:
    case, event = new_case()
    async with engine.begin() as connection:
        await add_case(connection, case, [event], [MaterialProof(material="bank_card", kind=ProofKind.FILE)])
    other = replace(FILE, sha256="cd" * 32)
    for file in (FILE, FILE, other):
        await store.add_file(case.number, "bank_card", file, at=AT)
    await store.add_file(case.number, "id_card", FILE, at=AT)
    proofs = {proof.material: proof for proof in await store.materials(case.number)}
    assert proofs["bank_card"].files == (FILE, other)
    assert proofs["id_card"].files == (FILE,)
    with pytest.raises(CaseUnknown):
        await store.add_file("320105007-261122-MZ004-999999", "id_card", FILE, at=AT)


async def test_two_files_at_once_are_both_kept(engine: AsyncEngine, store: SqlCaseStore) -> None:
    await keep(engine, new_case(1))
    number = new_case(1)[0].number
    files = [replace(FILE, sha256=f"{n:064d}") for n in range(6)]
    await asyncio.gather(*(store.add_file(number, "id_card", file, at=AT) for file in files))
    (proof,) = await store.materials(number)
    assert set(proof.files) == set(files)


Ask = Callable[[SqlCaseStore], Awaitable[object]]
CURSOR = "1795311000000000.320105007-261122-MZ004-000001"

ASKED: dict[str, tuple[Ask, str]] = {
    "a unit's list": (lambda store: store.page(Scope(unit="u")), "ix_matters_cases_unit"),
    "its next page": (lambda store: store.page(Scope(unit="u"), after=CURSOR), "ix_matters_cases_unit"),
    "its open cases": (lambda store: store.page(Scope(unit="u"), is_open=True), "ix_matters_cases_unit_open"),
    "a township": (lambda store: store.page(Scope(region="320105007")), "ix_matters_cases_region"),
    "a county": (lambda store: store.page(Scope(region="320105"), is_open=True), "ix_matters_cases_county_open"),
    "a city": (lambda store: store.page(Scope(region="3201"), after=CURSOR), "ix_matters_cases_city"),
    "a province": (lambda store: store.page(Scope(region="32")), "ix_matters_cases_province"),
    "a subject": (lambda store: store.open_case_of("k"), "uq_matters_cases_subject_open"),
    "a number": (lambda store: store.by_number("n"), "pk_matters_cases"),
    "its events": (lambda store: store.events("n"), "pk_matters_case_events"),
}


@pytest.mark.parametrize("asked", ASKED)
async def test_lists_and_look_ups_walk_an_index(engine: AsyncEngine, store: SqlCaseStore, asked: str) -> None:
    ask, index = ASKED[asked]
    statements: list[tuple[str, Any]] = []

    def remember(_c: object, _cursor: object, statement: str, parameters: Any, _ctx: object, _many: bool) -> None:
        statements.append((statement, parameters))

    engine_event.listen(engine.sync_engine, "before_cursor_execute", remember)
    await ask(store)
    engine_event.remove(engine.sync_engine, "before_cursor_execute", remember)
    ((statement, parameters),) = [each for each in statements if each[0].startswith("SELECT")]
    plan = await explain(engine, statement, parameters)
    # SQLite calls the index of a primary key by a name of its own.
    assert index in plan or (index.startswith("pk_") and "sqlite_autoindex" in plan)
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


async def explain(engine: AsyncEngine, statement: str, parameters: Any) -> str:
    async with engine.begin() as connection:
        if engine.dialect.name != "postgresql":
            return str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all())
        # An empty table is cheaper to scan: what is asked here is whether the index can serve at all.
        for way in ("seqscan", "bitmapscan", "sort"):
            await connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return str((await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)).all())
