"""Sums of use: they add up, and tell percentiles to two digits."""

from datetime import UTC, datetime

import pytest

from config.clock import SHANGHAI
from connectors.usage import NOTHING, Usage, begins, total


def test_parts_add_up() -> None:
    one = Usage(taken=2, delivered=1, concluded=1, outcomes={"accepted  200": 1}, statuses={"30": 1}, times={"40": 1})
    two = Usage(taken=1, outcomes={"accepted  200": 2, "unknown timeout 0": 1}, times={"40": 1, "900": 2})
    assert total([one, two, NOTHING]) == Usage(
        taken=3,
        delivered=1,
        concluded=1,
        outcomes={"accepted  200": 3, "unknown timeout 0": 1},
        statuses={"30": 1},
        times={"40": 2, "900": 2},
    )
    assert total([]) == NOTHING
    assert total([one, two]).attempts == 4


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 50), (95, 95), (99, 99), (100, 100)])
def test_percentiles_of_one_to_a_hundred(percent: int, expected: int) -> None:
    assert Usage(times={str(n): 1 for n in range(1, 101)}).percentile(percent) == expected


def test_percentiles_of_few_and_of_none() -> None:
    assert NOTHING.percentile(50) is None
    assert Usage(times={"7": 1}).percentile(99) == 7
    assert Usage(times={"1000": 1, "9": 99}).percentile(99) == 9
    assert Usage(times={"1000": 2, "9": 98}).percentile(99) == 1000


def test_spans_begin_by_the_clock_of_beijing() -> None:
    at = datetime(2026, 11, 23, 16, 7, 30, tzinfo=UTC)  # seven minutes past midnight there
    assert begins("slot", at) == datetime(2026, 11, 24, 0, 0, tzinfo=SHANGHAI)
    assert begins("hour", at) == datetime(2026, 11, 24, 0, 0, tzinfo=SHANGHAI)
    assert begins("day", at) == datetime(2026, 11, 24, 0, 0, tzinfo=SHANGHAI)
    assert begins("day", datetime(2026, 11, 23, 15, 59, tzinfo=UTC)) == datetime(2026, 11, 23, 0, 0, tzinfo=SHANGHAI)
