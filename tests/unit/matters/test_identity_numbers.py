"""GB 11643, GB 32100 and Luhn, against published examples and against their own definitions."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matters import identity_numbers as numbers

DIGITS = st.text("0123456789", min_size=17, max_size=17)


def test_the_example_of_the_standard_passes() -> None:
    # GB 11643-1999 annex A: 11010519491231002X and 440524188001010014.
    for number in ("11010519491231002X", "440524188001010014"):
        assert numbers.has_id_shape(number)
        assert numbers.is_id_checksum_right(number)


@given(DIGITS)
def test_the_check_character_makes_the_weighted_sum_one_modulo_eleven(first: str) -> None:
    # ISO 7064 MOD 11-2 as §4.2.4 states it, written the other way round than the code does.
    number = first + numbers.id_check_character(first)
    last = 10 if number[17] == "X" else int(number[17])
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first)) + last
    assert total % 11 == 1


@given(DIGITS, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(first: str, place: int, change: int) -> None:
    check = numbers.id_check_character(first)
    wrong = first[:place] + str((int(first[place]) + change) % 10) + first[place + 1 :]
    assert not numbers.is_id_checksum_right(wrong + check)


@given(DIGITS, st.integers(0, 15))
def test_two_neighbours_swapped_are_always_noticed(first: str, place: int) -> None:
    swapped = first[:place] + first[place + 1] + first[place] + first[place + 2 :]
    if swapped != first:
        assert not numbers.is_id_checksum_right(swapped + numbers.id_check_character(first))


@pytest.mark.parametrize(
    "number", ["", "1101051949123100", "11010519491231002x", "1101051949123100２X", "A1010519491231002X"]
)
def test_other_shapes_are_no_identity_number(number: str) -> None:
    assert not numbers.has_id_shape(number)


def test_birth_dates_are_real_dates_or_none() -> None:
    assert numbers.id_birth_date("990101190002280010") == date(1900, 2, 28)
    assert numbers.id_birth_date("990101190002290010") is None  # 1900 was no leap year
    assert numbers.id_birth_date("990101190013010010") is None
    assert numbers.id_birth_date("990101000000000010") is None


@pytest.mark.parametrize(
    ("prefix", "known"), [("32", True), ("81", True), ("82", True), ("83", True), ("99", False), ("00", False)]
)
def test_provinces_and_residence_permits_are_known_prefixes(prefix: str, known: bool) -> None:
    assert numbers.is_known_prefix(prefix + "0105190001010010") is known


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2010, 11, 22), date(2026, 11, 22), 16),
        (date(2010, 11, 23), date(2026, 11, 22), 15),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(1900, 1, 1), date(2026, 11, 22), 126),
    ],
)
def test_ages_are_completed_years(birth: date, day: date, age: int) -> None:
    assert numbers.age_on(birth, day) == age


@pytest.mark.parametrize("code", ["91350100M000100Y43", "92371000MA3MXH0E3W", "91110000600037341L"])
def test_published_credit_codes_pass(code: str) -> None:
    # The first is the worked example of GB 32100-2015 annex; the others stand in public registers of companies.
    assert numbers.has_uscc_shape(code)
    assert numbers.uscc_check_character(code[:17]) == code[17]


@given(
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8), st.text("0123456789", min_size=6, max_size=6)
)
def test_a_credit_code_fits_modulo_thirty_one(body: str, region: str) -> None:
    first = f"91{region}{body}{numbers.body_check_character(body)}"
    code = first + numbers.uscc_check_character(first)
    total = sum(3**place * numbers.USCC_ALPHABET.index(character) for place, character in enumerate(first))
    assert (total + numbers.USCC_ALPHABET.index(code[17])) % 31 == 0
    assert numbers.is_uscc_checksum_right(code)


@given(st.text("0123456789", min_size=8, max_size=8))
def test_a_body_code_fits_modulo_eleven(body: str) -> None:
    check = numbers.body_check_character(body)
    total = sum(weight * int(digit) for weight, digit in zip((3, 7, 9, 10, 5, 8, 4, 2), body, strict=True))
    assert (total + (10 if check == "X" else int(check))) % 11 == 0


@pytest.mark.parametrize(
    "code", ["91350100M000100Y4", "9135O100M000100Y43", "91350100m000100y43", "I1350100M000100Y43"]
)
def test_other_shapes_are_no_credit_code(code: str) -> None:
    assert not numbers.has_uscc_shape(code)


def test_luhn_takes_the_example_of_the_standard() -> None:
    assert numbers.is_luhn_right("79927398713")
    assert not any(numbers.is_luhn_right(f"7992739871{digit}") for digit in "012456789")
