"""The transition table of registrations, whole: what may follow what, and what each refusal says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from connectors.registration import (
    IN_FORCE,
    LONGEST_REASON,
    MOVES,
    Person,
    Registration,
    RegistrationState,
    lies_in,
    may_move,
    move,
    superseded,
)
from connectors.registration_errors import AlreadyThere, IllegalMove, ReasonMissing, RegionsMissing, SamePerson

S = RegistrationState
AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
WRITER, TESTER, OTHER = (Person(sub=f"owner-{n}", name=f"主管{n}") for n in "abc")
WAYS = {
    (S.DRAFT, S.TESTED), (S.DRAFT, S.WITHDRAWN),
    (S.TESTED, S.APPROVED), (S.TESTED, S.SENT_BACK),
    (S.APPROVED, S.CANARY), (S.APPROVED, S.LIVE), (S.APPROVED, S.SENT_BACK),
    (S.CANARY, S.CANARY), (S.CANARY, S.LIVE), (S.CANARY, S.APPROVED),
    (S.LIVE, S.DRAINING), (S.LIVE, S.SUPERSEDED),
    (S.DRAINING, S.LIVE), (S.DRAINING, S.RETIRED), (S.DRAINING, S.SUPERSEDED),
    (S.SUPERSEDED, S.LIVE),
}  # fmt: skip
"""Written down once more, so that a slip in the table is seen."""


def version(state: RegistrationState) -> Registration:
    regions = ("320205",) if state is S.CANARY else ()
    return Registration(
        system="mz-elder", version=2, state=state, sha256="ab", origin="person", writers=(WRITER.sub,),
        tested_by=TESTER.sub, regions=regions, created_at=AT, state_at=AT,
    )  # fmt: skip


def regions_for(state: RegistrationState) -> tuple[str, ...]:
    return ("320206",) if state is S.CANARY else ()


@pytest.mark.parametrize(("before", "to"), list(product(S, S)))
def test_only_the_ways_of_the_table_are_open(before: S, to: S) -> None:
    assert may_move(before, to) is ((before, to) in WAYS)
    if (before, to) in WAYS:
        after, step = move(version(before), to, by=OTHER, reason="有理由", at=LATER, regions=regions_for(to))
        assert (after.state, after.state_at) == (to, LATER)
        assert (step.from_state, step.to_state, step.by, step.reason, step.at) == (before, to, OTHER, "有理由", LATER)
    else:
        with pytest.raises(AlreadyThere if before is to else IllegalMove):
            move(version(before), to, by=OTHER, reason="有理由", at=LATER, regions=regions_for(to))


def test_every_state_has_its_ways() -> None:
    assert set(MOVES) == set(S)
    assert {S.LIVE, S.DRAINING} == IN_FORCE


@pytest.mark.parametrize("hand", [WRITER, TESTER])
def test_who_wrote_or_tested_a_version_does_not_approve_it(hand: Person) -> None:
    with pytest.raises(SamePerson):
        move(version(S.TESTED), S.APPROVED, by=hand, reason="没问题", at=LATER)


def test_who_tests_is_remembered() -> None:
    draft = replace(version(S.DRAFT), tested_by="")
    tested, step = move(draft, S.TESTED, by=TESTER, reason="", at=LATER)
    assert tested.hands == {WRITER.sub, TESTER.sub}
    assert step.sha256 == "ab"


def test_ending_a_trial_is_no_second_approval() -> None:
    after, _ = move(version(S.CANARY), S.APPROVED, by=WRITER, reason="先停一停", at=LATER)
    assert (after.state, after.regions) == (S.APPROVED, ())


@pytest.mark.parametrize(("before", "to"), sorted(way for way in WAYS if way[1] is not S.TESTED))
def test_every_step_but_a_test_says_why(before: S, to: S) -> None:
    with pytest.raises(ReasonMissing):
        move(version(before), to, by=OTHER, reason="  ", at=LATER, regions=regions_for(to))


@pytest.mark.parametrize("wrong", [(), ("32020",), ("无锡",), ("320206", "3202061"), ("３２",), ("",)])
def test_a_canary_needs_codes_of_regions(wrong: tuple[str, ...]) -> None:
    with pytest.raises(RegionsMissing):
        move(version(S.APPROVED), S.CANARY, by=OTHER, reason="试运行", at=LATER, regions=wrong)


def test_a_region_within_another_is_named_once() -> None:
    after, step = move(
        version(S.APPROVED), S.CANARY, by=OTHER, reason="试运行", at=LATER, regions=("320206003", "3202", "3301")
    )
    assert after.regions == step.regions == ("3202", "3301")


def test_a_canary_may_go_to_other_regions_but_not_to_the_same() -> None:
    after, _ = move(version(S.CANARY), S.CANARY, by=OTHER, reason="扩大", at=LATER, regions=("320205", "320206"))
    assert after.regions == ("320205", "320206")
    with pytest.raises(AlreadyThere):
        move(version(S.CANARY), S.CANARY, by=OTHER, reason="扩大", at=LATER, regions=("320205",))


def test_a_reason_is_kept_up_to_a_length() -> None:
    _, step = move(version(S.LIVE), S.DRAINING, by=OTHER, reason=" 长" * LONGEST_REASON, at=LATER)
    assert len(step.reason) == LONGEST_REASON


def test_what_another_version_replaces_says_which() -> None:
    after, step = superseded(version(S.DRAINING), by_version=3, by=OTHER, at=LATER)
    assert (after.state, step.to_state, step.reason) == (S.SUPERSEDED, S.SUPERSEDED, "→ 3")
    with pytest.raises(IllegalMove):
        superseded(version(S.DRAFT), by_version=3, by=OTHER, at=LATER)


@pytest.mark.parametrize(("region", "lies"), [("320205007", True), ("320205", True), ("3202", False), ("", False)])
def test_what_lies_in_a_region_begins_with_its_code(region: str, lies: bool) -> None:
    assert lies_in(region, ("320205", "33")) is lies
