"""Recovery codes: what they look like, how they are read, what is kept."""

from secrets import randbelow

import pytest

from idp.protocol import recovery_code


def test_ten_codes_of_sixty_bits_in_three_groups() -> None:
    codes = recovery_code.new_codes(randbelow)
    assert len(set(codes)) == 10
    assert all(len(code) == 14 and code.count("-") == 2 for code in codes)
    assert all(recovery_code.tidied(code) == code.replace("-", "") for code in codes)


@pytest.mark.parametrize("typed", ["abcd-efgh-0123", "ABCDEFGH0123", " abcd efgh o123 ", "ABCD-EFGH-OI23"])
def test_letters_that_look_alike_and_blanks_are_read(typed: str) -> None:
    assert recovery_code.tidied(typed) == "ABCDEFGH0123"


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCDEFGH01234", "ABCDEFGH012U", "密码密码密码密码密码密码"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert recovery_code.tidied(typed) is None


def test_what_is_kept_depends_on_the_person_and_on_our_key() -> None:
    kept = recovery_code.hash_code("abcd-efgh-0123", sub="s-1", key=b"k")
    assert kept == recovery_code.hash_code("ABCDEFGHO123", sub="s-1", key=b"k")
    assert kept != recovery_code.hash_code("ABCDEFGH0123", sub="s-2", key=b"k")
    assert kept != recovery_code.hash_code("ABCDEFGH0123", sub="s-1", key=b"other")
