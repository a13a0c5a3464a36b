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
    of_day: list[Ours], listed: list[Listed], *, around: tuple[str, ...] = (), known: tuple[Ours, ...] = ()
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
