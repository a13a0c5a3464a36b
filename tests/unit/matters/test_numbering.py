"""Case numbers and query codes: made, typed back, and told apart from anything else."""

import random
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matters.numbering import (
    QUERY_CODE_ALPHABET,
    case_number,
    new_query_code,
    normal_query_code,
    parse_case_number,
)

AT = datetime(2024, 11, 5, 16, 30, tzinfo=UTC)  # past midnight in Shanghai


def test_a_number_is_written_as_the_domain_says() -> None:
    number = case_number(region="320105007", at=AT, short_code="MZ004", sequence=371)
    assert number == "320105007-241106-MZ004-000371"


@given(st.integers(1, 999_999), st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis wants its bounds without a zone
def test_a_number_read_back_has_its_parts(sequence: int, at: datetime) -> None:
    number = case_number(region="320105007", at=at, short_code="SCJG001", sequence=sequence)
    parts = parse_case_number(number)
    assert parts is not None
    assert str(parts) == number
    assert parts.sequence == sequence


@pytest.mark.parametrize(
    "typed",
    [
        " 320105007-241106-mz004-000371 ",
        "３２０１０５００７－２４１１０６－ＭＺ００４－０００３７１",
        "320105007 – 241106–MZ004–000371",
    ],
)
def test_a_number_is_understood_as_people_type_it(typed: str) -> None:
    parts = parse_case_number(typed)
    assert parts is not None
    assert (parts.day, parts.sequence) == (date(2024, 11, 6), 371)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "371",
        "320105007-241399-MZ004-000371",
        "32010500-241106-MZ004-000371",
        "a" * 100_000,
        "320105007-241106-MZ004-000371' OR 1=1",
    ],
)
def test_anything_else_is_no_number(typed: str) -> None:
    assert parse_case_number(typed) is None


@pytest.mark.parametrize(
    ("region", "short_code", "sequence"), [("320105", "MZ004", 1), ("320105007", "", 1), ("320105007", "MZ004", -1)]
)
def test_a_number_is_not_made_of_wrong_parts(region: str, short_code: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="9-digit region"):
        case_number(region=region, at=AT, short_code=short_code, sequence=sequence)


def test_query_codes_have_eight_characters_nobody_confuses() -> None:
    rng = random.Random(1)
    codes = {new_query_code(rng.choice) for _ in range(2000)}
    assert len(codes) == 2000
    assert all(len(code) == 8 and set(code) <= set(QUERY_CODE_ALPHABET) for code in codes)
    assert not set("0O1IL") & set(QUERY_CODE_ALPHABET)
    assert len(set(QUERY_CODE_ALPHABET)) == 31


@pytest.mark.parametrize("typed", ["7kq2m9xd", " 7KQ2 M9XD ", "７ｋｑ２－ｍ９ｘｄ"])
def test_a_code_is_understood_as_people_type_it(typed: str) -> None:
    assert normal_query_code(typed) == "7KQ2M9XD"
