"""File areas of departments that misbehave: receipts late, half, garbled, of nobody, or never."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import SHANGHAI
from connectors.transport_ports import Errand, Lists
from demo.faults.switch import Fault
from demo.rs_card.files import write_marker
from tests.doubles.tables_and_files import A_WEDNESDAY, Moments, Side, department, number_of, side, until_events

CARD = "17-social-security-card"


@pytest.fixture
async def card(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[tuple[Side, Path]]:
    """The area with OneWindow's side; no department reads it unless a test starts one."""
    line, root = f"sftp://127.0.0.1:{unused_tcp_port}/", tmp_path / "rs-card"
    async with (
        department("rs-card", tmp_path, line, speed=1.0, at=A_WEDNESDAY) as there,
        side("rs-card", tmp_path, line, clock=Moments(), changes={"file_batch": {"window_seconds": 0.05}}) as ours,
    ):
        there.faults.set(Fault.ASLEEP, 10_000)
        yield ours, root


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def receipt(root: Path, name: str, content: bytes, *, rows: int, answers: str = "ZK_20260318_01.txt") -> None:
    """Put a receipt down whole: file first, marker after."""
    (root / "out" / f"{name}.txt").write_bytes(content)
    (root / "out" / f"{name}.ok").write_bytes(write_marker(f"{name}.txt", content, rows, answers))


async def sent(ours: Side, *seeds: int) -> list[Errand]:
    errands = [ours.errand(CARD, "first", seed=seed, applicant_name="贾宝玉") for seed in seeds]
    outcomes = await asyncio.gather(*(ours.transport.send(errand) for errand in errands))
    assert {outcome.kind.value for outcome in outcomes} == {"accepted"}
    return errands


async def test_each_line_of_a_receipt_becomes_the_event_of_its_case(card: tuple[Side, Path]) -> None:
    ours, root = card
    errands = await sent(ours, 1, 2, 3, 4)
    lines = "0001|00|制卡成功|621700001234\r\n0002|90|照片不合格，请重新采集|\r\n0003|10|身份核验不一致|\r\n0004|20|审核中|\r\n"
    receipt(root, "HZ_20260319_01", lines.encode("gbk"), rows=4)
    events = await ours.fetch()
    assert {event.status for event in events} == {"00", "BZ", "20"}
    assert [event.status for event in events] == ["00", "BZ", "BZ", "20"]
    assert {event.our_number for event in events} == {number_of(errand) for errand in errands}
    assert events[0].facts["社会保障卡号"] == "621700001234"
    assert await ours.fetch() == []
    await ours.fetch()
    assert await ours.alarms() == {}


async def test_a_marker_before_its_file_and_half_a_file_are_waited_for_then_reported(card: tuple[Side, Path]) -> None:
    ours, root = card
    await sent(ours, 1)
    content = "0001|00|制卡成功|6217\r\n".encode("gbk")
    marker = write_marker("HZ_20260319_01.txt", content, 1, "ZK_20260318_01.txt")
    (root / "out" / "HZ_20260319_01.ok").write_bytes(marker)
    assert await ours.fetch() == []
    (root / "out" / "HZ_20260319_01.txt").write_bytes(content[:9])
    assert await ours.fetch() == []
    assert await ours.alarms() == {}
    assert isinstance(ours.around.clock, Moments)
    ours.around.clock.later(minutes=31)
    assert await ours.fetch() == []
    alarm = (await ours.alarms())["receipt_unreadable"]
    assert (alarm.count, alarm.detail) == (1, "HZ_20260319_01.ok")
    (root / "out" / "HZ_20260319_01.txt").write_bytes(content)
    assert [event.status for event in await ours.fetch()] == ["00"]
    assert await ours.alarms() == {}


@pytest.mark.parametrize(
    "content",
    ["0001|00|制卡成功|6217\r\n".encode(), b"0001|00\r\n", b"\xff\xfe\x00", b"0001|00|ok|6217"],
)
async def test_a_receipt_in_the_wrong_charset_or_shape_moves_no_case(card: tuple[Side, Path], content: bytes) -> None:
    ours, root = card
    await sent(ours, 1)
    receipt(root, "HZ_20260319_01", content, rows=2)
    assert await ours.fetch() == []


async def test_the_same_receipt_under_another_name_counts_once_and_a_corrected_line_counts_again(
    card: tuple[Side, Path],
) -> None:
    ours, root = card
    await sent(ours, 1)
    content = "0001|20|审核中|\r\n".encode("gbk")
    receipt(root, "HZ_20260319_01", content, rows=1)
    first = await ours.fetch()
    receipt(root, "HZ_20260319_02", content, rows=1)
    again = await ours.fetch()
    assert [event.event_id for event in again] == [event.event_id for event in first]
    receipt(root, "HZ_20260320_01", "0001|00|制卡成功|6217\r\n".encode("gbk"), rows=1)
    (corrected,) = await ours.fetch()
    assert corrected.event_id != first[0].event_id


async def test_lines_of_nobody_and_receipts_of_no_batch_are_reported_and_the_others_count(
    card: tuple[Side, Path],
) -> None:
    ours, root = card
    await sent(ours, 1)
    lines = "0001|00|制卡成功|6217\r\n0007|00|制卡成功|6218\r\n"
    receipt(root, "HZ_20260319_01", lines.encode("gbk"), rows=2)
    receipt(root, "HZ_20260319_02", b"0001|00|ok|1\r\n", rows=1, answers="ZK_20260101_09.txt")
    assert [event.status for event in await ours.fetch()] == ["00"]
    alarm = (await ours.alarms())["receipt_unknown"]
    assert (alarm.count, alarm.detail) == (2, "HZ_20260319_01.ok")


async def test_a_marker_that_names_a_path_opens_no_file(card: tuple[Side, Path]) -> None:
    ours, root = card
    await sent(ours, 1)
    content = b"0001|00|ok|1\r\n"
    (root / "out" / "HZ_20260319_01.ok").write_bytes(write_marker("../in/ZK_20260318_01.txt", content, 1, "x"))
    assert await ours.fetch() == []


async def test_a_receipt_missing_at_nine_the_next_working_day_rings_until_it_comes(card: tuple[Side, Path]) -> None:
    ours, root = card
    await sent(ours, 1)
    assert isinstance(ours.around.clock, Moments)
    ours.around.clock.later(hours=22, minutes=59)
    await ours.fetch()
    assert await ours.alarms() == {}
    ours.around.clock.later(minutes=2)
    await ours.fetch()
    alarm = (await ours.alarms())["receipt_missing"]
    assert (alarm.count, alarm.detail) == (1, "ZK_20260318_01.txt")
    receipt(root, "HZ_20260319_01", "0001|00|制卡成功|6217\r\n".encode("gbk"), rows=1)
    await ours.fetch()
    await ours.fetch()
    assert await ours.alarms() == {}


async def test_the_rows_of_a_day_are_listed_from_their_receipts_once_these_are_due(card: tuple[Side, Path]) -> None:
    ours, root = card
    errands = await sent(ours, 1, 2, 3)
    clock = ours.around.clock
    assert isinstance(clock, Moments)
    assert isinstance(ours.transport, Lists)
    day = clock().astimezone(SHANGHAI).date()
    lines = "0001|20|审核中|\r\n0002|90|照片不合格，请重新采集|\r\n".encode("gbk")
    receipt(root, "HZ_20260319_01", lines, rows=2)
    assert await ours.transport.list_day(day) is None  # their receipt is due at nine the day after
    clock.later(hours=24)
    receipt(root, "HZ_20260320_01", "0001|00|制卡成功|6217\r\n".encode("gbk"), rows=1)
    receipt(root, "HZ_20260320_02", "0001|00|制卡成功|1\r\n".encode("gbk"), rows=1, answers="ZK_20260101_01.txt")
    listed = await ours.transport.list_day(day) or ()
    by_line = {each.department_number: each for each in listed}
    assert {number: each.status for number, each in by_line.items()} == {
        "ZK_20260318_01-0001": "00",  # the last word on a row
        "ZK_20260318_01-0002": "BZ",  # as it is restated
    }
    assert {each.our_number for each in listed} < {number_of(errand) for errand in errands}
    assert await ours.transport.list_day(day + timedelta(days=1)) == []  # no file of ours came that day


async def test_a_receipt_that_cannot_be_read_gives_no_list(card: tuple[Side, Path]) -> None:
    ours, root = card
    await sent(ours, 1)
    clock = ours.around.clock
    assert isinstance(clock, Moments)
    assert isinstance(ours.transport, Lists)
    day = clock().astimezone(SHANGHAI).date()
    receipt(root, "HZ_20260319_01", "0001|00|制卡成功|6217\r\n".encode(), rows=1)
    clock.later(hours=24)
    assert await ours.transport.list_day(day) is None


async def test_no_file_leaves_after_the_cut_off(tmp_path: Path, unused_tcp_port: int) -> None:
    line = f"sftp://127.0.0.1:{unused_tcp_port}/"
    at = A_WEDNESDAY.replace(hour=21, minute=0)
    changes = {"file_batch": {"window_seconds": 0.05}}
    async with (
        department("rs-card", tmp_path, line, at=at),
        side("rs-card", tmp_path, line, at=at, changes=changes) as ours,
    ):
        outcome = await ours.transport.send(ours.errand(CARD, "first", seed=2, applicant_name="贾宝玉"))
        assert outcome.kind.value == "transient"
        assert list((tmp_path / "rs-card" / "in").iterdir()) == []


async def test_the_department_takes_files_and_answers_the_day_after(tmp_path: Path, unused_tcp_port: int) -> None:
    line = f"sftp://127.0.0.1:{unused_tcp_port}/"
    changes = {"file_batch": {"window_seconds": 0.2}}
    async with (
        department("rs-card", tmp_path, line, speed=40_000) as there,
        side("rs-card", tmp_path, line, changes=changes) as ours,
    ):
        errands = await sent(ours, 1, 2, 3)
        events = await until_events(ours, at_least=3)
        assert {event.our_number for event in events} == {number_of(errand) for errand in errands}
        assert {receipt.times for receipt in await there.store.receipts()} == {1}
