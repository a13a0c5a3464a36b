"""The counter's rules: what is asked of an entry, and where a case may go from where it stands."""

import random
from datetime import date

import pytest

from demo.desk.entry import EntryRefused, check_entry, id_numbers
from demo.desk.entry_form import ASSISTANCE, BENEFIT, ENTRY_FORMS, REWARD, EntryForm, Kind
from demo.desk.progress import first_status, is_decided, next_statuses, words_for
from demo.ground.entry import entry_of
from demo.people import AgeRule, make_person

MARCH = date(2026, 3, 10)
NUMBER = "320105007-260310-MZ001-000371"
PERSON = make_person(random.Random(1), age=AgeRule(at=MARCH))


def refusals(form: EntryForm, typed: dict[str, str], *, on: date = MARCH) -> dict[str, str]:
    with pytest.raises(EntryRefused) as refused:
        check_entry(form, typed, on=on)
    return refused.value.errors


def assistance(**over: str) -> dict[str, str]:
    return {"number": NUMBER, "operation": "DB_APPLY", "SQRXM": PERSON.name, "SFZH": PERSON.id_number, **over}


def test_a_number_is_taken_with_the_blanks_and_small_letters_of_typing() -> None:
    assert check_entry(ASSISTANCE, assistance(number=f" {NUMBER.lower()}  "), on=MARCH).number == NUMBER


def test_an_identity_number_with_a_small_x_is_kept_with_a_large_one() -> None:
    typed = assistance(SFZH="99796919020503158x")
    assert check_entry(ASSISTANCE, typed, on=MARCH).values["SFZH"] == "99796919020503158X"


def test_one_wrong_number_among_relatives_is_pointed_at() -> None:
    errors = refusals(ASSISTANCE, assistance(JTCYSFZH=f"{PERSON.id_number}\n110101190001010000"))
    assert errors == {"JTCYSFZH": "第 2 个身份证号不是 18 位或校验码不符，请对照证件重新输入。"}


def test_relatives_may_be_typed_apart_in_any_way() -> None:
    assert id_numbers("1x，2 3\n4、5") == ("1X", "2", "3", "4", "5")


def test_what_one_operation_needs_another_may_leave_out() -> None:
    typed = {"number": NUMBER, "XM": PERSON.name, "SFZHM": PERSON.id_number, "BTLX": "3"}
    assert check_entry(BENEFIT, {**typed, "operation": "ET_JBSH"}, on=MARCH)
    assert refusals(BENEFIT, {**typed, "operation": "CJR_BT"}) == {"CJRZH": "请填写残疾人证号。"}


def test_a_choice_that_is_not_offered_is_refused() -> None:
    typed = {"number": NUMBER, "operation": "ET_JBSH", "XM": PERSON.name, "SFZHM": PERSON.id_number, "BTLX": "7"}
    assert set(refusals(BENEFIT, typed)) == {"BTLX"}


def test_a_department_out_of_season_says_when_to_come_back() -> None:
    typed = {"number": NUMBER, "operation": "JLFZ", "txtXM": PERSON.name, "txtSFZH": PERSON.id_number, "txtND": "2026",
             "ddlJB": "1"}  # fmt: skip
    assert check_entry(REWARD, typed, on=date(2026, 3, 31))
    assert "1 月至 3 月" in refusals(REWARD, typed, on=date(2026, 4, 1))["operation"]


def test_digits_of_other_scripts_are_no_digits() -> None:
    errors = refusals(ASSISTANCE, assistance(SFZH="９９7969190205031583"))
    assert set(errors) == {"SFZH"}


@pytest.mark.parametrize("system_id", ENTRY_FORMS)
def test_every_counter_has_a_way_from_the_first_status_to_an_end(system_id: str) -> None:
    statuses = entry_of(system_id).status_map
    status = first_status(statuses)
    assert not is_decided(statuses, status)
    seen = [status]
    while steps := next_statuses(statuses, status):
        assert not set(steps) & set(seen)
        status = steps[0]
        seen.append(status)
    assert is_decided(statuses, status)


def test_a_status_is_shown_in_words_with_the_systems_own_code() -> None:
    statuses = entry_of("mz-assist").status_map
    assert words_for(statuses, "GS") == "公示 GS"
    assert words_for(statuses, "??") == "??"


def test_field_names_are_unique_and_what_makes_two_the_same_is_asked_for() -> None:
    for form in ENTRY_FORMS.values():
        names = [field.name for field in form.fields]
        assert len(names) == len(set(names))
        assert set(form.same) <= {*names, "operation"}
        assert all(field.choices for field in form.fields if field.kind is Kind.CHOICE)
