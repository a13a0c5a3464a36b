"""The seven plain words: derived from events, and never more than there is evidence for."""

from datetime import UTC, datetime, timedelta

from matters.case import CaseEvent, CaseStatus, Evidence
from matters.citizen_words import STATUS_NAMES, UNCONFIRMED, WORD_OF_STATUS, PlainWord, current_word, plain_steps

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
S = CaseStatus
WINDOW = Evidence(source="window", who="王晓芸")
DEPARTMENT = Evidence(source="mz-assist", who="省民政厅", number="SHJZ1")


def events(*happened: tuple[CaseStatus, Evidence | None]) -> list[CaseEvent]:
    made = []
    for seq, (status, evidence) in enumerate(happened, start=1):
        at = AT + timedelta(minutes=seq)
        made.append(CaseEvent(seq=seq, at=at, status=status, previous=None, by="x", evidence=evidence))
    return made


def test_every_state_has_a_word_and_a_name_and_all_seven_words_are_used() -> None:
    assert set(WORD_OF_STATUS) == set(STATUS_NAMES) == set(CaseStatus)
    assert {word for word in WORD_OF_STATUS.values() if word} == set(PlainWord)
    assert [word.value for word in PlainWord] == [
        "已收件",
        "已受理",
        "已送部门",
        "办理中",
        "需补正",
        "已办结",
        "已终止",
    ]


def test_a_case_is_told_step_by_step() -> None:
    way = events(
        (S.DRAFT, None),
        (S.RECEIVED, WINDOW),
        (S.ACCEPTED, WINDOW),
        (S.SUBMITTED, DEPARTMENT),
        (S.COMPLETED_APPROVED, DEPARTMENT),
    )
    assert [step.text for step in plain_steps(way)] == ["已收件", "已受理", "已送部门", "已办结"]
    assert current_word(way) is PlainWord.COMPLETED


def test_a_step_without_evidence_is_not_yet_confirmed() -> None:
    way = events((S.RECEIVED, WINDOW), (S.ACCEPTED, WINDOW), (S.SUBMITTED, None))
    assert plain_steps(way)[-1].text == UNCONFIRMED == "部门尚未确认"
    assert plain_steps(way)[-1].number is None
    assert current_word(way) is PlainWord.ACCEPTED


def test_evidence_that_comes_later_confirms_the_step() -> None:
    way = events((S.RECEIVED, WINDOW), (S.SUBMITTED, None), (S.SUBMITTED, DEPARTMENT))
    last = plain_steps(way)[-1]
    assert (last.text, last.who, last.number) == ("已送部门", "省民政厅", "SHJZ1")
    assert current_word(way) is PlainWord.SENT


def test_a_number_that_comes_later_joins_the_step_and_keeps_its_first_time() -> None:
    way = events((S.SUBMITTED, Evidence(source="mz-assist", who="省民政厅")), (S.SUBMITTED, DEPARTMENT))
    (step,) = plain_steps(way)
    assert (step.number, step.at) == ("SHJZ1", AT + timedelta(minutes=1))


def test_a_supplement_is_asked_for_and_work_goes_on() -> None:
    way = events((S.RECEIVED, WINDOW), (S.SUPPLEMENT_REQUIRED, WINDOW), (S.SUPPLEMENTED, WINDOW))
    assert [step.text for step in plain_steps(way)] == ["已收件", "需补正", "办理中"]


def test_handing_over_and_rating_leave_it_completed() -> None:
    way = events((S.COMPLETED_REFUSED, DEPARTMENT), (S.DELIVERED, WINDOW), (S.EVALUATED, WINDOW))
    assert [step.text for step in plain_steps(way)] == ["已办结"]


def test_nothing_confirmed_is_no_word() -> None:
    assert current_word([]) is None
    assert current_word(events((S.RECEIVED, None))) is None
