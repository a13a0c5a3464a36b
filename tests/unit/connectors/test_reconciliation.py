"""The daily comparison with a department: what differs, and the one thing to do about each difference."""

from datetime import UTC, date, datetime

from connectors.ledger import DeliveryState
from connectors.reconciliation import Comparison, Listed, Ours, Repair, compare

AT = datetime(2026, 3, 4, 18, 30, tzinfo=UTC)
DAY = date(2026, 3, 4)


def ours(number: str, status: str = "10", state: DeliveryState = DeliveryState.PENDING_RESULT) -> Ours:
    return Ours(
        delivery_id=f"d-{number}", our_number=number, department_number=f"D-{number}", state=state, their_status=status
    )


def theirs(number: str, status: str = "10") -> Listed:
    return Listed(our_number=number, department_number=f"D-{number}", status=status)


def compared(
    of_day: list[Ours],
    listed: list[Listed],
    *,
    around: tuple[str, ...] = (),
    known: tuple[Ours, ...] = (),
    missing: Repair = Repair.LOOK_UP,
    many: bool = False,
) -> Comparison:
    return compare(
        system="mz-elder",
        day=DAY,
        ours_of_day=of_day,
        ours_known={each.our_number: each for each in (*of_day, *known)},
        theirs_of_day=listed,
        theirs_around=around,
        statuses={"10": "accepted", "20": "in_review", "30": "completed_approved", "40": "completed_refused"},
        at=AT,
        missing=missing,
        many=many,
    )


def repairs(comparison: Comparison) -> list[tuple[str, Repair]]:
    return [(each.our_number, each.repair) for each in comparison.differences]


def test_equal_sides_have_equal_counts_and_hashes_and_nothing_to_repair() -> None:
    found = compared([ours("1"), ours("2", "20")], [theirs("2", "20"), theirs("1")])
    assert found.agrees
    assert (found.ours, found.theirs) == (2, 2)
    assert found.ours_sha256 == found.theirs_sha256


def test_what_they_lack_and_have_not_decided_is_looked_up() -> None:
    found = compared([ours("1"), ours("2")], [theirs("1")])
    assert repairs(found) == [("2", Repair.LOOK_UP)]
    assert found.ours_sha256 != found.theirs_sha256
    assert found.differences[0].delivery_id == "d-2"


def test_what_they_lack_though_it_was_decided_is_asked_about() -> None:
    found = compared([ours("1", "30", DeliveryState.CONFIRMED)], [])
    assert repairs(found) == [("1", Repair.ASK)]


def test_what_stands_on_the_other_side_of_midnight_is_no_difference() -> None:
    assert compared([ours("1")], [], around=("1",)).agrees


def test_a_status_further_on_is_taken_and_a_step_back_is_asked_about() -> None:
    found = compared(
        [ours("1", "10"), ours("2", "30", DeliveryState.CONFIRMED)], [theirs("1", "30"), theirs("2", "20")]
    )
    assert repairs(found) == [("1", Repair.TAKE_STATUS), ("2", Repair.ASK)]


def test_a_correction_of_a_decision_is_taken() -> None:
    found = compared([ours("1", "30", DeliveryState.CONFIRMED)], [theirs("1", "40")])
    assert repairs(found) == [("1", Repair.TAKE_STATUS)]


def test_a_number_nobody_delivered_is_asked_about_and_ours_of_another_day_are_known() -> None:
    found = compared([], [theirs("1"), theirs("2")], known=(ours("1"),))
    assert repairs(found) == [("2", Repair.ASK)]


def test_what_was_decided_at_once_agrees_with_the_same_decision_and_takes_another() -> None:
    granted, refused = ours("1", "", DeliveryState.CONFIRMED), ours("2", "", DeliveryState.REFUSED)
    assert compared([granted, refused], [theirs("1", "30"), theirs("2", "40")]).agrees
    found = compared([granted, refused], [theirs("1", "40"), theirs("2", "30")])
    assert repairs(found) == [("1", Repair.TAKE_STATUS), ("2", Repair.TAKE_STATUS)]


def test_what_they_took_in_twice_is_asked_about_unless_a_case_may_have_many_rows() -> None:
    twice = [theirs("1"), Listed(our_number="1", department_number="D-1b", status="10")]
    found = compared([ours("1")], twice)
    assert repairs(found) == [("1", Repair.ASK)]
    assert found.differences[0].theirs == "D-1、D-1b ×2"
    assert (found.ours, found.theirs) == (1, 2)
    assert found.ours_sha256 != found.theirs_sha256
    many = compared([ours("1")], twice, many=True)
    assert many.agrees
    assert (many.theirs, many.ours_sha256) == (1, many.theirs_sha256)


def test_what_was_taken_back_may_be_gone_and_is_never_looked_up() -> None:
    withdrawn = Ours(
        delivery_id="d", our_number="1", department_number="D-1", state=DeliveryState.PENDING_RESULT,
        their_status="10", is_withdrawn=True,
    )  # fmt: skip
    assert compared([withdrawn], []).agrees


def test_what_was_cancelled_before_it_left_and_stands_there_is_asked_about() -> None:
    cancelled = ours("1", "", DeliveryState.CANCELLED)
    found = compared([], [theirs("1")], known=(cancelled,))
    assert repairs(found) == [("1", Repair.ASK)]
    assert (found.differences[0].ours, found.differences[0].theirs) == ("cancelled", "10")


def test_a_line_of_a_file_that_nobody_answered_is_asked_about_for_our_own_books_would_only_find_it_again() -> None:
    assert repairs(compared([ours("1")], [], missing=Repair.ASK)) == [("1", Repair.ASK)]


def test_a_decision_that_was_the_answer_itself_makes_equal_hashes() -> None:
    found = compared([ours("1", "", DeliveryState.CONFIRMED)], [theirs("1", "30")])
    assert found.agrees
    assert found.ours_sha256 == found.theirs_sha256
