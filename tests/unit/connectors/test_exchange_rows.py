"""Rows of exchange tables: typed columns, lengths and characters before writing, hashes after, cases of many rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from connectors.errors import MappingRefused
from connectors.filters import Sealed
from connectors.national_crypto import sm4_open
from connectors.outcomes import Answer
from connectors.spec_exchange_table import ColumnSpec, ExchangeTableSpec
from connectors.transports.tables.faults import Stage, answer_of
from connectors.transports.tables.reports import case_body
from connectors.transports.tables.rows import Row, differing, make_rows, row_hash, spell
from connectors.transports.tables.schema import Tables

SECTION: dict[str, Any] = {
    "out": {
        "table": "OUT",
        "key": "ID",
        "case": "NO",
        "written_at": "AT",
        "status": {"column": "ST", "waiting": "0", "failed": ["9"], "reason": "ERR"},
        "columns": {
            "ID": {"characters": 20},
            "NO": {"characters": 50},
            "AT": {"moment": True},
            "NAME": {"bytes": 6},
            "PAY": {"decimals": 2, "theirs": True},
            "SEALED": {"characters": 88},
            "ST": {"characters": 1},
            "ERR": {"characters": 100},
        },
    },
    "back": {
        "key": ["ID"],
        "answered": "CODE",
        "time": "DONE",
        "good": ["1"],
        "columns": {"CODE": {"characters": 2}, "DONE": {"moment": True}, "ACCOUNT": {"characters": 20}},
    },
}
SPEC = ExchangeTableSpec.model_validate(SECTION)
KEY = "00112233445566778899aabbccddeeff"
BODY = {"ID": "k1", "NO": "case-1", "AT": "2026-03-18 10:00:00", "NAME": "测试", "PAY": 5000}


def rows(body: object, charset: str = "gbk") -> tuple[Row, ...]:
    return make_rows(body, SPEC.out, charset, lambda name: KEY.encode())


def test_every_column_is_named_and_typed_and_the_row_waits() -> None:
    (row,) = rows(BODY)
    assert row.key == "k1"
    assert row.values == {
        "ID": "k1",
        "NO": "case-1",
        "AT": datetime(2026, 3, 18, 10, 0),  # noqa: DTZ001 - a column without a zone
        "NAME": "测试",
        "PAY": Decimal("5000.00"),
        "SEALED": None,
        "ST": "0",
        "ERR": None,
    }


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"NAME": "测试甲乙"}, "NAME"),  # eight bytes in GBK
        ({"NAME": "𬍛"}, "NAME"),
        ({"NAME": "a\0b"}, "NAME"),
        ({"NAME": {"a": 1}}, "NAME"),
        ({"PAY": "1.005"}, "PAY"),
        ({"PAY": "many"}, "PAY"),
        ({"PAY": True}, "PAY"),
        ({"AT": "2026-03-18"}, "AT"),
        ({"ID": ""}, "ID"),
        ({"OTHER": "x"}, "OTHER"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_column(changed: dict[str, object], column: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        rows({**BODY, **changed})
    assert refused.value.target == column


def test_a_list_is_a_row_each_and_their_keys_must_differ() -> None:
    assert [row.key for row in rows([BODY, {**BODY, "ID": "k2"}])] == ["k1", "k2"]
    for body in ([BODY, BODY], []):
        with pytest.raises(MappingRefused, match="ID"):
            rows(body)
    with pytest.raises(MappingRefused) as refused:
        rows([BODY, {**BODY, "ID": "k2", "NAME": "测试甲乙"}])
    assert refused.value.target == "1.NAME"


def test_a_sealed_column_is_the_same_for_the_same_place_and_opens_with_the_key_only() -> None:
    import base64

    sealed = Sealed("990101190001011230", "key")
    (first,), (again,) = rows({**BODY, "SEALED": sealed}), rows({**BODY, "SEALED": sealed})
    (other,) = rows({**BODY, "ID": "k2", "SEALED": sealed})
    assert first.values["SEALED"] == again.values["SEALED"] != other.values["SEALED"]
    text = sm4_open(bytes.fromhex(KEY), base64.b64decode(str(first.values["SEALED"])))
    assert text.decode() == sealed.text
    assert sealed.text not in repr(sealed)


def test_databases_spell_the_same_row_differently_and_the_hash_is_one() -> None:
    (row,) = rows(BODY)
    theirs = {**row.values, "PAY": "5000", "NAME": "测试  ", "ERR": ""}
    assert row_hash(theirs, SPEC.out.columns) == row_hash(row.values, SPEC.out.columns)
    assert spell(5000.0, ColumnSpec(decimals=2)) == "5000.00"


def test_what_the_department_may_change_is_compared_only_until_it_took_the_row() -> None:
    (row,) = rows(BODY)
    waiting = {**row.values, "PAY": Decimal("100.00")}
    assert differing(row.values, waiting, SPEC.out) == ("PAY",)
    assert differing(row.values, {**waiting, "ST": "1"}, SPEC.out) == ()
    assert differing(row.values, {**row.values, "ST": "1", "NAME": "测"}, SPEC.out) == ("NAME",)
    assert differing(row.values, {**row.values, "ERR": "why"}, SPEC.out) == ()


def written(key: str, code: str | None, account: str = "", status: str = "1") -> dict[str, object]:
    (row,) = rows({**BODY, "ID": key})
    return {**row.values, "ST": status, "CODE": code, "DONE": None, "ACCOUNT": account or None}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([written("a", "1", "01"), written("b", None)], None),
        ([], None),
        ([written("a", "1", "01"), written("b", "1", "02")], ("1", "2", "01、02")),
        ([written("a", "2"), written("b", "2")], ("2", "0", "")),
        ([written("a", "1", "01"), written("b", "2")], ("mixed", "1", "01")),
        ([written("a", "1", "01"), written("b", None, status="9")], ("mixed", "1", "01")),
    ],
)
def test_a_case_of_several_rows_speaks_once_all_are_answered(
    found: list[dict[str, object]], expected: tuple[str, str, str] | None
) -> None:
    body = case_body(found, SPEC, Tables.of(SPEC))
    told = None if body is None else (body["CODE"], body["good"], body["ACCOUNT"])
    assert told == expected


@pytest.mark.parametrize("name", ["OUT; DROP TABLE x", 'a"b', "a b", "1a", "", "a" * 64, "表"])
def test_a_name_that_is_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        ExchangeTableSpec.model_validate({**SECTION, "out": {**SECTION["out"], "table": name}})


@pytest.mark.parametrize(
    "changed",
    [
        {"out": {**SECTION["out"], "key": "NOWHERE"}},
        {"out": {**SECTION["out"], "written_at": "NAME"}},
        {"back": {**SECTION["back"], "time": "CODE"}},
        {"back": {**SECTION["back"], "answered": "NOWHERE"}},
        {"back": {**SECTION["back"], "read": {"column": "CODE"}}},
        {"password": "a.secret"},
        {"sql": "SELECT 1"},
    ],
)
def test_a_section_that_names_what_is_not_there_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ExchangeTableSpec.model_validate({**SECTION, **changed})


class _MySql(Exception):
    pass


def fault(number: int, text: str = "", *, gone: bool = False) -> DBAPIError:
    return DBAPIError("INSERT", {}, _MySql(number, text), connection_invalidated=gone)


@pytest.mark.parametrize(
    ("error", "stage", "expected"),
    [
        (OSError(), "connecting", Answer(error="connect")),
        (TimeoutError(), "reading", Answer(error="connect")),
        (TimeoutError(), "writing", Answer(error="timeout")),
        (TimeoutError(), "committing", Answer(error="timeout")),
        (fault(2013, gone=True), "committing", Answer(error="connection_lost")),
        (fault(2013), "writing", Answer(error="connection_lost")),
        (fault(2006), "connecting", Answer(error="connect")),
        (fault(1205), "writing", Answer(body={"result": "busy", "code": "1205", "message": ""})),
        (fault(1040), "connecting", Answer(body={"result": "crowded", "code": "1040", "message": ""})),
        (
            fault(1644, "已享受同类补贴"),
            "writing",
            Answer(body={"result": "refused", "code": "1644", "message": "已享受同类补贴"}),
        ),
        (
            fault(1406, "Data too long for 张三"),
            "writing",
            Answer(body={"result": "unfit", "code": "1406", "message": ""}),
        ),
        (fault(9999), "writing", Answer(body={"result": "failed", "code": "9999"})),
    ],
)
def test_what_is_known_depends_on_how_far_a_write_had_come(
    error: BaseException, stage: Stage, expected: Answer
) -> None:
    assert answer_of(error, stage) == expected
