"""The mapping language's expressions: what each filter does, and what is refused when a spec is loaded."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from connectors.expression import CodeTable, ExpressionRefused, parse
from connectors.filters import FILTERS, KEEP, FilterRefused
from connectors.paths import REQUEST_ROOTS
from connectors.predicates import parse_predicate

TABLES = {
    "gender": CodeTable(codes={"1": "M", "2": "F"}),
    "loose": CodeTable(codes={"1": "A"}, unknown="keep"),
    "other": CodeTable(codes={"1": "A"}, unknown="default", other="99"),
}


def value_of(text: str, form: Mapping[str, object] | None = None, **more: object) -> object:
    return parse(text, roots=REQUEST_ROOTS, tables=TABLES).evaluate({"form": form or {}, **more})


@pytest.mark.parametrize(
    ("expression", "given", "expected"),
    [
        ("form.x | date('yyyyMMdd')", "2024-11-01", "20241101"),
        ("form.x | date('yyyyMM') | integer", "2024-12", 202412),
        ("form.x | date('yyyy-MM-dd HH:mm:ss')", "2024-11-01T16:30:00+00:00", "2024-11-02 00:30:00"),
        ("form.x | date('epoch')", "1970-01-01T00:01:00+00:00", 60),
        ("form.x | date('yyyyMMddHHmmssSSS')", "2024-11-01T08:00:00.123456+08:00", "20241101080000123"),
        ("form.x | parse_date('yyyyMMdd')", "20241101", "2024-11-01T00:00:00+08:00"),
        ("form.x | parse_date('epoch_ms')", "60000", "1970-01-01T00:01:00+00:00"),
        ("form.x | fen", "12.30", 1230),
        ("form.x | yuan", 5, "5.00"),
        ("form.x | number", "5.5", 5.5),
        ("form.x | number", "5.00", 5),
        ("form.x | upper", "11x", "11X"),
        ("form.x | pad(6)", 42, "000042"),
        ("form.x | slice(0, 6)", "320105007", "320105"),
        ("form.x | join('/')", ["a", "b"], "a/b"),
        ("form.x | codes(gender)", "2", "F"),
        ("form.x | codes(gender) | join(',')", ["1", "2"], "M,F"),
        ("form.x | codes(loose)", "7", "7"),
        ("form.x | codes(other)", "7", "99"),
        ("form.x | flag", True, 1),
        ("form.x | flag('Y', 'N')", False, "N"),
        ("form.x | count", [1, 2, 3], 3),
        ("form.x | count", None, 0),
        ("form.x | default('none')", "", "none"),
        ("form.x | bytes(7, 'gbk', 'cut')", "欧阳静静", "欧阳静"),
        ("form.x | text(2)", "欧阳静", "欧阳"),
        ("form.x | md5", "abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("form.x | sm3", "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        ("form.x | prefix('A-') | suffix('-Z')", "m", "A-m-Z"),
        ("form.rows.1.name", None, "b"),
        ("'it\\'s constant'", None, "it's constant"),
    ],
)
def test_a_filter_does_what_the_page_says(expression: str, given: object, expected: object) -> None:
    assert value_of(expression, {"x": given, "rows": [{"name": "a"}, {"name": "b"}]}) == expected


def test_what_is_empty_passes_filters_untouched_and_keep_makes_it_null() -> None:
    assert value_of("form.x | date('yyyyMMdd') | upper", {"x": ""}) == ""
    assert value_of("form.x | upper | keep", {}) is KEEP


@pytest.mark.parametrize(
    ("expression", "given", "reason"),
    [
        ("form.x | fen", "1.005", "two decimals"),
        ("form.x | bytes(5, 'gbk')", "欧阳静", "longer than the 5 bytes"),
        ("form.x | charset('gbk')", "𠮷田", "can't keep"),
        ("form.x | codes(gender)", "9", "no entry"),
        ("form.x | date('yyyyMMdd')", "gestern", "expected a date"),
        ("form.x | integer", "1.5", "whole number"),
        ("form.x | require", "", "needs this field"),
        ("form.x | upper", ["a"], "single value"),
        ("form.x | flag", "vielleicht", "yes or no"),
        ("form.x | parse_date('yyyyMMdd')", "2024", "a time written as"),
    ],
)
def test_a_value_that_cannot_pass_is_refused_without_being_quoted(expression: str, given: object, reason: str) -> None:
    with pytest.raises(FilterRefused, match=reason) as refused:
        value_of(expression, {"x": given})
    assert not isinstance(given, str) or not given or given not in str(refused.value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", "got nothing"),
        ("applicant_name", "begins with one of"),
        ("form.x | shout", "unknown filter 'shout'"),
        ("form.x | date", "takes 1 to 1 arguments"),
        ("form.x | codes(nowhere)", "names one of the spec's tables"),
        ("case.colour", "case has"),
        ("now.year", "nothing follows now"),
        ("form.x | date('yyyy'", "not closed"),
        ("form.x upper", "expected | and a filter"),
        ("form.x | pad(1 2)", "separated by commas"),
        ("form.姓名", "is not a path"),
        ("form.x | date('yyyy) ", "can't be read"),
    ],
)
def test_what_is_unknown_is_refused_when_the_spec_is_loaded(expression: str, expected: str) -> None:
    with pytest.raises(ExpressionRefused, match=expected.replace("|", r"\|")):
        parse(expression, roots=REQUEST_ROOTS, tables=TABLES)


def test_now_is_given_in_beijing_time() -> None:
    at = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    assert value_of("now | date('yyyy-MM-dd HH:mm')", now=at) == "2026-11-22 00:30"


def test_every_filter_says_what_it_does() -> None:
    assert all(each.does and each.least <= each.most for each in FILTERS.values())


@pytest.mark.parametrize(
    "expression",
    [
        "form.x | date('YYYYMMDD')",
        "form.x | date(‘yyyyMMdd’)",
        "form.x | date('Monat MM')",
        "form.x | parse_date('')",
        "form.x | bytes(60, 'gbkk')",
        "form.x | bytes(60, 'hex')",
        "form.x | bytes('60')",
        "form.x | bytes(60, 'gbk', 'shorten')",
        "form.x | charset('中文')",
        "form.x | pad(1000000000)",
        "form.x | pad(6, '00')",
        "form.x | slice('a', 2)",
        "form.x | yuan(99)",
        "form.x | split('')",
    ],
)
def test_an_argument_that_cannot_be_meant_is_refused_before_any_case(expression: str) -> None:
    with pytest.raises(ExpressionRefused, match="expected"):
        parse(expression, roots=REQUEST_ROOTS, tables=TABLES)


@pytest.mark.parametrize("pattern", ["yyyy年MM月dd日", "yyyy-MM-ddTHH:mm:ssZ", "HH:mm", "yyyyMMddHHmmssSSS", "epoch"])
def test_every_way_departments_write_a_time_is_taken(pattern: str) -> None:
    parse(f"form.x | date('{pattern}')", roots=REQUEST_ROOTS, tables=TABLES)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(
    "value",
    [float("inf"), float("nan"), 10**400, 1e308, "1e999999", "Infinity", "9" * 5000, "\ud800", "\0", [1, [2]], {"a": 1},
     "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "١٢٣", -(10**30)],
    ids=lambda value: repr(value)[:12],
)  # fmt: skip
def test_a_filter_passes_a_value_on_or_refuses_it_and_never_breaks(name: str, value: object) -> None:
    """A department's JSON may say anything; what breaks here would break an attempt after the message has left."""
    brackets = {"date": "('yyyy-MM-dd')", "parse_date": "('epoch_ms')", "pad": "(4)", "prefix": "('a')", "bytes": "(9)",
                "suffix": "('a')", "slice": "(0, 2)", "text": "(2)", "charset": "('gbk')", "split": "(',')",
                "sm4": "('k')", "default": "('x')"}  # fmt: skip
    expression = parse(f"form.x | {name}{brackets.get(name, '')}", roots=REQUEST_ROOTS, tables=TABLES)
    with suppress(FilterRefused):
        expression.evaluate({"form": {"x": value}})


def test_a_predicate_that_divides_by_nothing_does_not_hold() -> None:
    when = parse_predicate("body.done / body.all == 1")
    assert (
        when.holds({"status": 200, "headers": {}, "body": {"done": 1, "all": 0}, "envelope": None, "error": ""})
        is False
    )
