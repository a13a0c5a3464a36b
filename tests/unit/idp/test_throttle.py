"""Bounds on guessing: what is counted together, how waits grow, and when a failure gets a row of its own (S40)."""

from datetime import timedelta
from itertools import pairwise

import pytest

from idp.protocol.throttle import (
    FAILURES_TOLD_ONE_BY_ONE,
    counter_recovery_bounds,
    failure_counters,
    failure_is_told,
    network_of,
    sign_in_bounds,
    site_of,
)


def keys(username: str, address: str, known: str | None = None) -> set[str]:
    return {bound.key for bound in sign_in_bounds(username, address, known_browser=known)}


def test_a_known_browser_is_counted_by_itself_so_no_stranger_uses_its_tries_up() -> None:
    assert not keys("clerk", "10.0.0.1", "b-1") & keys("clerk", "10.0.0.1")


def test_a_browser_known_to_one_account_has_tries_of_its_own_for_each() -> None:
    assert not keys("clerk", "10.0.0.1", "b-1") & keys("other", "10.0.0.1", "b-1")


def test_all_addresses_share_the_bounds_of_an_account() -> None:
    shared = keys("clerk", "10.0.0.1") & keys("clerk", "192.0.2.77")
    assert {key.split(":")[1] for key in shared} == {"account", "account-day"}


def test_all_accounts_share_the_bounds_of_an_address() -> None:
    shared = keys("clerk", "10.0.0.1") & keys("other", "10.0.0.1")
    assert {key.split(":")[1] for key in shared} == {"address", "site"}


def test_an_ipv6_line_counts_as_one_and_a_whole_delegation_as_a_neighbourhood() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert site_of("2001:db8:1:2::1") == site_of("2001:db8:1:ffff::1") != site_of("2001:db8:2::1")
    assert network_of("::ffff:10.0.0.1") == site_of("::ffff:10.0.0.1") == "10.0.0.1"
    assert network_of("nonsense") == site_of("nonsense") == "unknown"


@pytest.mark.parametrize("known", [None, "b-1"])
def test_waits_grow_from_a_quarter_of_an_hour_to_a_day_and_never_to_for_ever(known: str | None) -> None:
    bounds = sign_in_bounds("clerk", "10.0.0.1", known_browser=known)
    assert {bound.within for bound in bounds} == {timedelta(minutes=15), timedelta(days=1)}
    for short, day in pairwise(bounds):
        if day.key.startswith(short.key.rsplit(":", 2)[0] + "-day"):
            assert short.attempts < day.attempts < short.attempts * 96


def test_what_is_forgotten_after_a_good_sign_in_belongs_to_this_browser_or_pair_alone() -> None:
    for known in (None, "b-1"):
        first_two = {bound.key for bound in sign_in_bounds("clerk", "10.0.0.1", known_browser=known)[:2]}
        assert not first_two & keys("clerk", "10.0.0.2")
        assert not first_two & keys("other", "10.0.0.1")


def test_no_name_and_no_address_stands_in_a_key() -> None:
    bounds = (
        *sign_in_bounds("clerk", "10.0.0.1", known_browser=None),
        *counter_recovery_bounds("clerk", "10.0.0.1"),
        *failure_counters("clerk"),
    )
    assert not any("clerk" in bound.key or "10.0.0.1" in bound.key for bound in bounds)


def test_failures_of_a_name_are_told_at_every_doubling() -> None:
    assert [n for n in range(1, 70) if failure_is_told(n, n)] == [1, 2, 4, 8, 16, 32, 64]


def test_when_failures_rain_only_each_doubling_of_all_is_told() -> None:
    rain = range(FAILURES_TOLD_ONE_BY_ONE + 1, 100_000)
    assert [n for n in rain if failure_is_told(1, n)] == [1024, 2048, 4096, 8192, 16384, 32768, 65536]
