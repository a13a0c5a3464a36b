"""What a department's screen shows of a person."""

import pytest

from demo.pages.masking import mask_name, mask_number, person_of


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("林冲", "林*"),
        ("贾宝玉", "贾*玉"),
        ("欧阳修", "欧阳*"),
        ("欧阳锦心", "欧阳*心"),
        ("欧阳", "欧*"),
        ("乐", "乐"),
        ("贾𬍛", "贾*"),
        ("", ""),
    ],
)
def test_names_keep_the_surname_and_at_most_the_last_character(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("99796919020503158X", "997***********158X"), ("Z990001234", "Z9******34"), ("123", "***"), ("", "")],
)
def test_numbers_keep_their_ends(number: str, shown: str) -> None:
    assert mask_number(number) == shown


def test_the_person_is_found_in_every_departments_naming() -> None:
    expected = ("林*玉", "997***********158X")
    for name, number in (
        ("applicantName", "idNumber"),
        ("aac003", "aac002"),
        ("name", "id_number"),
        ("psn_name", "certno"),
        ("motherName", "motherIdNo"),
        ("legalPerson", "legalPersonIdNo"),
        ("SQRXM", "SFZH"),
        ("txtXM", "txtSFZH"),
    ):
        payload = {name: "林黛玉", number: "99796919020503158X"}
        assert person_of(payload) == expected
        assert person_of({"txCode": "GRCBDJ", "body": payload}) == expected


def test_what_names_nobody_shows_nobody() -> None:
    assert person_of({"batch": 1, "rows": []}) == ("", "")
