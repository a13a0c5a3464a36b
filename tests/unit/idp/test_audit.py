"""The audit's chain: every way to falsify it is found, and the first broken row is named (S56)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.protocol.audit import (
    AuditEvent,
    AuditKind,
    AuditRow,
    Head,
    begin,
    checkpoint,
    extend,
    read_checkpoint,
)
from idp.protocol.audit_verification import Broken, Fault, verify

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
Rows = list[AuditRow]


def written(times: Sequence[int] = range(10), key: bytes = KEY) -> tuple[Rows, Head]:
    events = [AuditEvent(kind=AuditKind.SIGN_IN, sub=f"s-{n}", at=AT + timedelta(minutes=n)) for n in times]
    rows, head = extend(key, begin(key), events)
    return list(rows), head


def head_at(rows: Rows, seq: int) -> Head:
    """The head as it was after that many rows."""
    return extend(KEY, begin(KEY), [event_of(row) for row in rows[:seq]])[1]


def event_of(row: AuditRow) -> AuditEvent:
    return AuditEvent(kind=AuditKind(row.kind), sub=row.sub, at=row.at)


def test_an_audit_nobody_touched_holds() -> None:
    rows, head = written()
    assert verify(KEY, rows, head) is None
    assert verify(KEY, [], begin(KEY)) is None
    assert verify(KEY, [], None) is None


def test_extending_in_parts_gives_the_same_chain() -> None:
    rows, head = written()
    first, middle = extend(KEY, begin(KEY), [event_of(row) for row in rows[:4]])
    second, end = extend(KEY, middle, [event_of(row) for row in rows[4:]])
    assert ([*first, *second], end) == (rows, head)


def edit(rows: Rows) -> Rows:
    return [*rows[:3], replace(rows[3], sub="s-nobody"), *rows[4:]]


def change_the_time(rows: Rows) -> Rows:
    return [*rows[:3], replace(rows[3], at=rows[3].at + timedelta(microseconds=1)), *rows[4:]]


def delete(rows: Rows) -> Rows:
    return [*rows[:3], *rows[4:]]


def delete_and_renumber(rows: Rows) -> Rows:
    return [*rows[:3], *(replace(row, seq=row.seq - 1) for row in rows[4:])]


def exchange(rows: Rows) -> Rows:
    return [*rows[:3], replace(rows[4], seq=4), replace(rows[3], seq=5), *rows[5:]]


def insert(rows: Rows) -> Rows:
    return [*rows[:3], replace(rows[7], seq=4), *(replace(row, seq=row.seq + 1) for row in rows[3:])]


def forge_with_another_key(rows: Rows) -> Rows:
    return [*rows[:3], *written(key=OTHER_KEY)[0][3:]]


def twice(rows: Rows) -> Rows:
    return [*rows[:4], rows[3], *rows[4:]]


@pytest.mark.parametrize(
    ("falsify", "broken"),
    [
        (edit, Broken(seq=4, fault=Fault.CHANGED)),
        (change_the_time, Broken(seq=4, fault=Fault.CHANGED)),
        (delete, Broken(seq=4, fault=Fault.MISSING)),
        (delete_and_renumber, Broken(seq=4, fault=Fault.CHANGED)),
        (exchange, Broken(seq=4, fault=Fault.CHANGED)),
        (insert, Broken(seq=4, fault=Fault.CHANGED)),
        (forge_with_another_key, Broken(seq=4, fault=Fault.CHANGED)),
        (twice, Broken(seq=5, fault=Fault.CHANGED)),
    ],
)
def test_a_falsified_row_is_named(falsify: Callable[[Rows], Rows], broken: Broken) -> None:
    """S56."""
    rows, head = written()
    assert verify(KEY, falsify(rows), head) == broken


def test_a_tail_cut_off_is_seen_by_the_head() -> None:
    """S56."""
    rows, head = written()
    assert verify(KEY, rows[:7], head) == Broken(seq=8, fault=Fault.CUT_OFF)
    assert verify(KEY, [], head) == Broken(seq=1, fault=Fault.CUT_OFF)


def test_a_head_turned_back_with_the_tail_is_seen_by_a_checkpoint() -> None:
    """S56: somebody kept an old head and puts both back."""
    rows, head = written()
    old = head_at(rows, 7)
    assert verify(KEY, rows[:7], old) is None
    assert verify(KEY, rows[:7], old, [head]) == Broken(seq=8, fault=Fault.CUT_OFF)


def test_a_history_written_anew_differs_from_its_checkpoint() -> None:
    """S56: even by someone who has the key, once a checkpoint left the house."""
    rows, _ = written()
    kept = head_at(rows, 5)
    other, head = written([n + 30 for n in range(10)])
    assert verify(KEY, other, head, [kept]) == Broken(seq=5, fault=Fault.CHECKPOINT_DIFFERS)


def test_a_head_that_is_gone_or_forged_is_seen() -> None:
    rows, head = written()
    assert verify(KEY, rows, None) == Broken(seq=10, fault=Fault.HEAD_FORGED)
    assert verify(KEY, rows, replace(head, seq=9)) == Broken(seq=10, fault=Fault.HEAD_FORGED)
    assert verify(KEY, rows, head_at(rows, 8)) == Broken(seq=9, fault=Fault.BEYOND_HEAD)


def test_a_forged_checkpoint_is_not_believed() -> None:
    rows, head = written()
    forged = written(key=OTHER_KEY)[1]
    assert verify(KEY, rows, head, [forged]) == Broken(seq=10, fault=Fault.CHECKPOINT_FORGED)


def test_a_clock_running_back_is_told_though_the_chain_holds() -> None:
    """S56."""
    rows, head = written([0, 10, 20, 19, 12, 21])
    assert verify(KEY, rows, head) == Broken(seq=5, fault=Fault.CLOCK_BACK)


def test_clocks_of_two_processes_may_differ_a_little() -> None:
    rows, head = written([0, 10, 20, 16, 20, 21])
    assert verify(KEY, rows, head) is None


def test_a_checkpoint_is_one_line_and_comes_back() -> None:
    head = written()[1]
    assert read_checkpoint(checkpoint(head) + "\n") == head
    with pytest.raises(ValueError, match=r"expected|not enough|invalid"):
        read_checkpoint("nonsense")


@pytest.mark.parametrize("name", ["password", "token", "secret", "name_of_the_person", "id_number", "phone"])
def test_an_event_has_no_room_for_secrets_and_personal_data(name: str) -> None:
    with pytest.raises(ValueError, match="may not stand in an event"):
        AuditEvent(kind=AuditKind.SIGN_IN, at=AT, detail={name: "x"})


def test_a_personal_number_that_slipped_into_a_detail_is_taken_out() -> None:
    event = AuditEvent(kind=AuditKind.SIGN_IN, at=AT, detail={"reason": "990101190001011234 x"})
    rows, head = extend(KEY, begin(KEY), [event])
    assert "1234" not in rows[0].detail
    assert verify(KEY, rows, head) is None


def test_a_detail_too_long_is_shortened_to_a_word() -> None:
    rows, _ = extend(KEY, begin(KEY), [AuditEvent(kind=AuditKind.SIGN_IN, at=AT, detail={"reason": "x" * 5000})])
    assert rows[0].detail == '{"reason": "too long"}'
