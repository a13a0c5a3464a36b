"""What comes on a channel of many results and can't be read: bounded, kept for the owner, and in nobody else's way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from connectors.storage.unread import SqlUnreadBook
from connectors.transports.files.lines import sm3
from connectors.unread import Unread
from demo.ground.exchange import wall
from demo.mz_benefit.tables import IN_RESULT, metadata
from tests.contracts.test_transport_message_queue import line as line
from tests.contracts.test_transport_message_queue import say
from tests.contracts.test_transport_outcomes_tables_and_files import files
from tests.doubles.benches import changed_spec, transport_for
from tests.doubles.front_databases import KINDS, FrontDatabase, front_database
from tests.doubles.notes import UnreadInMemory
from tests.doubles.tables_and_files import Side, key_of, side
from tests.servers.sshd import Sshd

DISABLED = ("06-disability-subsidies", "living")
HUGE = 50 * 1024 * 1024


async def kept(ours: Side) -> list[Unread]:
    return list(await SqlUnreadBook(ours.engine).of_system(ours.system.id))


@pytest.fixture(params=KINDS)
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FrontDatabase]:
    servers = {
        name: request.getfixturevalue(fixture) if request.param == kind else None
        for name, kind, fixture in (("postgres", "postgresql", "postgres"), ("mariadb", "mariadb", "mariadb"))
    }
    async with front_database(request.param, tmp_path, metadata, **servers) as database:
        if database.password:
            (tmp_path / "secrets").mkdir(exist_ok=True)
            (tmp_path / "secrets" / "mz-benefit.database").write_text(database.password, "utf-8")
        yield database


async def answer(front: FrontDatabase, ours: Side, serial: str, **changed: object) -> None:
    at = ours.around.clock() + ours.around.offset - timedelta(minutes=1)
    row = {
        "HZ_LSH": serial, "BATCH_ID": "20260318-01", "ROW_GUID": key_of(ours.errand(*DISABLED)), "HZ_CODE": "3",
        "HZ_MSG": "审定通过", "HZ_TIME": wall(at), "READ_FLAG": "0", **changed,
    }  # fmt: skip
    await front.add(IN_RESULT, **row)


async def test_a_result_row_without_its_number_is_kept_for_the_owner_and_the_others_count(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with side("mz-benefit", tmp_path, front.line, changes={"exchange_table": front.changes()}) as ours:
        if front.password:
            (tmp_path / "secrets" / "mz-benefit.database").write_text(front.password, "utf-8")
        await answer(front, ours, "HZ1")
        await answer(front, ours, "HZ2", HZ_CODE=" ")
        await answer(front, ours, "HZ3")
        for _ in range(2):
            await ours.fetch()
        (row,) = await kept(ours)
        assert (row.where, row.error, row.times) == ("row", "shape", 1)
        assert "HZ2" in row.text


async def test_a_row_of_other_bytes_or_fifty_megabytes_stops_no_other(tmp_path: Path) -> None:
    async with (
        front_database("sqlite", tmp_path, metadata) as front,
        side("mz-benefit", tmp_path, front.line, changes={"exchange_table": front.changes()}) as ours,
    ):
        for serial in ("HZ1", "HZ2", "HZ3", "HZ4"):
            await answer(front, ours, serial)
        engine = create_async_engine(front.line.replace("sqlite:", "sqlite+aiosqlite:"))
        async with engine.begin() as there:
            await there.execute(text("UPDATE IN_RESULT SET HZ_MSG = CAST(X'D2BDB1A3' AS TEXT) WHERE HZ_LSH = 'HZ1'"))
            await there.execute(text("UPDATE IN_RESULT SET HZ_TIME = '昨天' WHERE HZ_LSH = 'HZ2'"))
            await there.execute(
                text("UPDATE IN_RESULT SET HZ_MSG = CAST(zeroblob(:size) AS TEXT) WHERE HZ_LSH = 'HZ3'"), {"size": HUGE}
            )
        await engine.dispose()
        events = await ours.fetch()
        assert {event.event_id for event in events} == {"HZ1", "HZ2", "HZ3", "HZ4"}
        assert all(len(event.message) <= 500 for event in events)
        assert {each.where for each in await kept(ours)} == {"row"}


async def test_a_receipt_that_can_not_be_read_is_kept_for_the_owner(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path) as here:
        await here.side.transport.send(here.errand())
        spoiled = {
            "01": ("0001|00|制卡成功|6217990101\r\n".encode(), 1, "charset"),
            "02": ("0001|00|制卡成功\r\n".encode("gbk"), 1, "shape"),
            "03": (b"x" * 6_000_000, 1, "too_large"),
        }
        for number, (content, rows, _) in spoiled.items():
            name = f"HZ_20260319_{number}"
            (here.root / "out" / f"{name}.txt").write_bytes(content)
            marker = f"{name}.txt|{sm3(content)}|{len(content)}|{rows}|ZK_20260318_01.txt\r\n"
            (here.root / "out" / f"{name}.ok").write_text(marker, encoding="ascii")
        (here.root / "out" / "HZ_20260319_04.ok").write_bytes(b"no marker at all")
        for _ in range(2):
            assert await here.side.fetch() == []
        found = {each.name: each for each in await kept(here.side)}
        assert {name: each.error for name, each in found.items()} == {
            "HZ_20260319_01.ok": "charset", "HZ_20260319_02.ok": "shape", "HZ_20260319_03.ok": "too_large",
            "HZ_20260319_04.ok": "manifest",
        }  # fmt: skip
        assert {each.where for each in found.values()} == {"receipt"}
        assert {each.times for each in found.values()} == {1}
        assert "制卡成功" in found["HZ_20260319_01.ok"].text
        assert found["HZ_20260319_04.ok"].text == "no marker at all"


async def test_messages_that_can_not_be_read_are_kept_and_huge_ones_never_together(tmp_path: Path, line: str) -> None:
    system, book = changed_spec("tax-ssf", tmp_path, connection={"total_timeout_seconds": 20}), UnreadInMemory()
    async with Redis.from_url(line) as redis:
        for content in (b"{", "医保".encode("gbk"), b"x" * 3_000_000):
            await redis.xadd("ssf.resp", {"message": content})
    await say(tmp_path, line, "SUCCESS", msg_id="forged", key="private")
    await say(tmp_path, line, "SUCCESS", msg_id="m-1")
    transport = transport_for(system, tmp_path, address="http://127.0.0.1:9", line=line, unread=book)
    try:
        async with asyncio.timeout(60):
            assert [event.event_id for event in await transport.fetch()] == ["m-1"]  # type: ignore[attr-defined]
    finally:
        await transport.aclose()
    assert [(each.where, each.error) for each in book.kept] == [
        ("message", "not_json"), ("message", "charset"), ("message", "too_large"), ("message", "signature"),
    ]  # fmt: skip
    assert [each.text[:3] for each in book.kept] == ["{", "医保", "xxx", '{"h']
