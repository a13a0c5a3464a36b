"""The key that finds a case in flight: the same for the same application, nothing to guess a number from."""

from collections.abc import Callable

import pytest

from demo.forms import Application
from matters.conditions import SITUATION
from matters.duplicates import PARTS_OF_MATTER, applicant_name, subject_key
from matters.guide import Matter

SECRET = b"0123456789abcdef0123456789abcdef"
MatterOf = Callable[[str], Matter]


def test_every_part_is_a_field_of_its_matter(matter: MatterOf) -> None:
    for number, parts in PARTS_OF_MATTER.items():
        assert set(parts) <= {SITUATION, *matter(number).fields_by_key}


def test_every_matter_knows_whom_it_is_about(
    all_matters: tuple[Matter, ...], apply: Callable[..., Application]
) -> None:
    for each in all_matters:
        for situation in each.guide.situations:
            form = apply(each.number, situation.id).form
            assert subject_key(each, situation.id, form, secret=SECRET)
            assert applicant_name(form)


def test_the_same_person_and_matter_give_the_same_key_whatever_else_changes(matter: MatterOf) -> None:
    one = {"applicant_id_number": "990101190501010014", "applicant_phone": "1"}
    other = {"applicant_id_number": "990101190501010014", "applicant_phone": "2"}
    assert subject_key(matter("15"), "standard", one, secret=SECRET) == subject_key(
        matter("15"), "standard", other, secret=SECRET
    )


def test_another_person_matter_or_secret_gives_another_key(matter: MatterOf) -> None:
    values = {"applicant_id_number": "990101190501010014"}
    keys = {
        subject_key(matter("15"), "standard", values, secret=SECRET),
        subject_key(matter("16"), "standard", values, secret=SECRET),
        subject_key(matter("15"), "standard", {"applicant_id_number": "990101190501010030"}, secret=SECRET),
        subject_key(matter("15"), "standard", values, secret=SECRET[::-1]),
    }
    assert len(keys) == 4
    assert not any("990101190501010014" in str(key) for key in keys)


@pytest.mark.parametrize(
    ("number", "situation", "changes"),
    [
        ("23", "outpatient", {"total_amount": "2.00"}),
        ("28", "pension", {"insurance_year": 2027}),
        ("30", "standard", {"period_to": "2026-12"}),
        ("12", "add", {"employees": [{"id_number": "990101190501010030"}]}),
    ],
)
def test_a_second_invoice_year_period_or_roster_is_no_duplicate(
    matter: MatterOf, apply: Callable[..., Application], number: str, situation: str, changes: dict[str, object]
) -> None:
    form = apply(number, situation).form
    first = subject_key(matter(number), situation, form, secret=SECRET)
    assert first != subject_key(matter(number), situation, {**form, **changes}, secret=SECRET)


def test_two_subsidies_of_one_person_may_be_in_flight_together(
    matter: MatterOf, apply: Callable[..., Application]
) -> None:
    form = apply("06", "living").form
    assert subject_key(matter("06"), "living", form, secret=SECRET) != subject_key(
        matter("06"), "nursing", form, secret=SECRET
    )


def test_a_form_that_names_nobody_has_no_key(matter: MatterOf) -> None:
    assert subject_key(matter("15"), "standard", {}, secret=SECRET) is None
    assert applicant_name({}) == ""
