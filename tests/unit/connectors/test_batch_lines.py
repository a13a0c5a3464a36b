"""Lines, markers and receipts of batch files, byte for byte."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from connectors.batches import Batch, BatchRow
from connectors.errors import MappingRefused
from connectors.spec_file_batch import FileBatchSpec
from connectors.transports.files.lines import (
    FileUnreadable,
    file_bytes,
    file_name,
    label_in,
    make_line,
    ok_bytes,
    ok_name,
    read_ok,
    read_receipt,
    row_number,
    sm3,
)

SECTION = {
    "user": "onewindow",
    "key": "k",
    "host_key": "h",
    "fields": [
        {"name": "ID", "bytes": 18, "required": True},
        {"name": "NAME", "bytes": 6},
        {"name": "NOTE", "bytes": 9},
    ],
    "receipt": {"fields": ["seq", "code", "message"], "row": "seq"},
}
SPEC = FileBatchSpec.model_validate(SECTION)
BATCH = Batch(
    system="rs-card",
    day=date(2026, 11, 22),
    number=3,
    rows=(
        BatchRow(delivery_key="a", case_number="1", position=1, line="1|测试甲|"),
        BatchRow(delivery_key="b", case_number="2", position=2, line="2||x"),
    ),
    reserved_at=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_a_file_is_positions_and_lines_in_gbk_with_crlf() -> None:
    assert file_bytes(BATCH, SPEC) == b"0001|1|" + "测试甲".encode("gbk") + b"|\r\n0002|2||x\r\n"
    assert file_name(SPEC, BATCH) == "ZK_20261122_03.txt"
    assert ok_name(file_name(SPEC, BATCH)) == "ZK_20261122_03.ok"
    assert row_number(SPEC, BATCH, 2) == "ZK_20261122_03-0002"


def test_sm3_is_the_standard_s_own_example() -> None:
    """GB/T 32905-2016, appendix A.1."""
    assert sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_fields_stand_in_their_order_and_empty_ones_keep_their_place() -> None:
    assert make_line({"NOTE": "x", "ID": "1"}, SPEC) == "1||x"
    assert make_line({"ID": 1, "NAME": ["甲", "乙"]}, SPEC) == "1|甲;乙|"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ID": ""}, "ID"),
        ({"ID": "1", "NAME": "测试甲乙"}, "NAME"),  # eight bytes: nobody cuts a character in two
        ({"ID": "1", "NAME": "a|b"}, "NAME"),
        ({"ID": "1", "NAME": "a\r\n"}, "NAME"),
        ({"ID": "1", "NAME": "𬍛"}, "NAME"),
        ({"ID": "1", "NAME": True}, "NAME"),
        ({"ID": "1", "OTHER": "x"}, "OTHER"),
    ],
)
def test_a_value_that_would_harm_the_line_is_refused_by_name(body: dict[str, object], field: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        make_line(body, SPEC)
    assert refused.value.target == field


def test_a_marker_describes_its_file_only_while_it_is_whole() -> None:
    content = file_bytes(BATCH, SPEC)
    manifest = read_ok(ok_bytes("ZK_20261122_03.txt", content, 2))
    assert (manifest.name, manifest.size, manifest.rows, manifest.answers) == (
        "ZK_20261122_03.txt",
        len(content),
        2,
        "",
    )
    assert manifest.describes(content)
    assert not manifest.describes(content[:-1])
    assert not manifest.describes(content[:-1] + b"x")


@pytest.mark.parametrize("content", [b"", b"name", b"a|b|c|d", "甲|00|1|1".encode(), b"a|00|1|one"])
def test_what_is_no_marker_is_unreadable(content: bytes) -> None:
    with pytest.raises(FileUnreadable, match="manifest"):
        read_ok(content)


@pytest.mark.parametrize(
    ("content", "rows", "reason"),
    [
        (b"0001|00|ok\r\n", 2, "shape"),
        (b"0001|00\r\n", 1, "shape"),
        ("0001|00|成功\r\n".encode(), 1, "charset"),
    ],
)
def test_a_receipt_that_does_not_hold_says_why(content: bytes, rows: int, reason: str) -> None:
    manifest = read_ok(f"HZ_20261123_01.txt|{sm3(content)}|{len(content)}|{rows}|ZK_20261122_03.txt".encode())
    with pytest.raises(FileUnreadable, match=reason):
        read_receipt(content, manifest, SPEC)


def test_a_receipt_is_read_by_field() -> None:
    content = "0001|00|成功\r\n0002|90|照片不合格\r\n".encode("gbk")
    manifest = read_ok(f"HZ_20261123_01.txt|{sm3(content).upper()}|{len(content)}|2|ZK_20261122_03.txt".encode())
    assert manifest.answers == "ZK_20261122_03.txt"
    assert read_receipt(content, manifest, SPEC)[1] == {"seq": "0002", "code": "90", "message": "照片不合格"}
    with pytest.raises(FileUnreadable, match="half"):
        read_receipt(content[:-3], manifest, SPEC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HZ_20261123_01.ok", ("20261123", 1)),
        ("HZ_20261123_123.txt", ("20261123", 123)),
        ("HZ_20261123_1.ok", None),
        ("ZK_20261123_01.ok", None),
        ("../HZ_20261123_01.ok", None),
        ("HZ_../../x.ok", None),
    ],
)
def test_a_name_is_a_day_and_a_number_and_nothing_else(name: str, expected: tuple[str, int] | None) -> None:
    assert label_in(name, "HZ_") == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"fields": [{"name": "A", "bytes": 1}, {"name": "A", "bytes": 1}]},
        {"receipt": {"fields": ["a", "b"], "row": "c"}},
        {"receipt": {"fields": ["seq", "b"], "row": "seq", "prefix": "ZK_", "folder": "in"}},
        {"folder": "/etc"},
        {"prefix": "../"},
        {"key": "-----BEGIN OPENSSH PRIVATE KEY-----"},
    ],
)
def test_a_section_that_cannot_work_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FileBatchSpec.model_validate({**SECTION, **changed})
