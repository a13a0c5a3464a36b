"""Test people can be nobody: unassigned numbers that pass every check, ages kept, the same seed the same person."""

import random
from datetime import date, timedelta

import pytest

from demo import identifiers
from demo.people import (
    FIRST_BIRTH,
    LAST_BIRTH,
    MEN,
    WOMEN,
    AgeRule,
    Impossible,
    age_on,
    birth_span,
    make_body,
    make_person,
    years_before,
)

AT = date(2026, 11, 22)
SEEDS = range(300)


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_check_character_is_the_one_of_gb_11643_annex_a(number: str) -> None:
    assert identifiers.id_check_character(number[:17]) == number[17]


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L"])
def test_the_credit_codes_check_character_is_the_one_of_gb_32100(code: str) -> None:
    assert identifiers.uscc_check_character(code[:17]) == code[17]


def test_every_person_lives_in_the_region_nobody_was_ever_born_in() -> None:
    for seed in SEEDS:
        person = make_person(random.Random(seed), age=AgeRule(at=AT))
        assert person.id_number.startswith("99")
        assert identifiers.id_check_character(person.id_number[:17]) == person.id_number[17]
        assert FIRST_BIRTH <= person.birth_date <= LAST_BIRTH
        assert person.id_number[6:14] == person.birth_date.strftime("%Y%m%d")


def test_sex_name_and_number_agree() -> None:
    for seed in SEEDS:
        person = make_person(random.Random(seed), age=AgeRule(at=AT))
        assert int(person.id_number[16]) % 2 == int(person.is_male)
        assert person.gender == ("1" if person.is_male else "2")
        assert person.name in (MEN if person.is_male else WOMEN)


@pytest.mark.parametrize(("least", "most"), [(16, 65), (None, 18), (59, 120), (60, None), (117, None), (0, 0)])
def test_the_age_asked_for_is_kept_to_the_day(least: int | None, most: int | None) -> None:
    for seed in SEEDS:
        person = make_person(random.Random(seed), age=AgeRule(at=AT, least=least, most=most))
        assert (least or 0) <= age_on(person.birth_date, AT) <= (most if most is not None else 200)


def test_births_stay_in_the_first_decade_wherever_the_rule_leaves_any_of_it() -> None:
    assert birth_span(AgeRule(at=AT, least=59, most=120)) == (date(1905, 11, 23), LAST_BIRTH)
    assert birth_span(AgeRule(at=AT, least=60)) == (FIRST_BIRTH, LAST_BIRTH)


def test_a_birthday_counts_from_its_own_day() -> None:
    first, last = birth_span(AgeRule(at=AT, least=18, most=18))
    assert (age_on(first, AT), age_on(last, AT)) == (18, 18)
    assert age_on(first - timedelta(days=1), AT) == 19
    assert age_on(last + timedelta(days=1), AT) == 17


def test_a_leap_day_never_makes_anyone_older() -> None:
    leap_day = date(2024, 2, 29)
    assert years_before(leap_day, 18) == date(2006, 2, 28)
    assert age_on(years_before(leap_day, 18), leap_day) == 18


def test_a_rule_nobody_can_meet_is_refused() -> None:
    with pytest.raises(Impossible, match="at least 70 and at most 60"):
        birth_span(AgeRule(at=AT, least=70, most=60))


def test_the_same_seed_gives_the_same_person() -> None:
    rule = AgeRule(at=AT)
    assert make_person(random.Random(7), age=rule) == make_person(random.Random(7), age=rule)
    assert make_person(random.Random(7), age=rule) != make_person(random.Random(8), age=rule)


def test_phones_have_the_shape_of_a_mobile_number_in_no_operators_allotment() -> None:
    for seed in SEEDS:
        number = make_person(random.Random(seed), age=AgeRule(at=AT)).phone
        assert number.startswith("194")
        assert len(number) == 11
        assert number.isdigit()


def test_bank_accounts_pass_luhn() -> None:
    for seed in SEEDS:
        account = make_person(random.Random(seed), age=AgeRule(at=AT)).bank_account
        assert account.startswith("9999")
        pairs = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(account))]
        assert sum(d - 9 if d > 9 else d for d in pairs) % 10 == 0


def test_enterprises_carry_a_credit_code_of_the_unassigned_region() -> None:
    for seed in SEEDS:
        code = make_body(random.Random(seed)).uscc
        assert code.startswith("9199")
        assert len(code) == 18
        assert identifiers.uscc_check_character(code[:17]) == code[17]


def test_names_hold_a_compound_surname_and_a_character_outside_gbk() -> None:
    assert any(name.startswith("欧阳") for name in WOMEN)
    with pytest.raises(UnicodeEncodeError):
        "".join(MEN).encode("gbk")
    assert "".join(MEN).encode("gb18030")
