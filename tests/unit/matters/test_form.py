"""Rules of the form one by one, on the matters that have them, with odd inputs."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from demo.forms import Application
from matters.form import FormCheck, check_form, derive, visible_fields
from matters.guide import Matter
from matters.identity_numbers import id_check_character

TODAY = date(2026, 11, 22)

MatterOf = Callable[[str], Matter]
Apply = Callable[..., Application]
Check = Callable[..., FormCheck]


@pytest.fixture
def check(matter: MatterOf, apply: Apply) -> Check:
    """Check a valid application with some values changed: `check("04", "emergency", urgent=None)`."""

    def run(number: str, chosen: str, /, *, at: date = TODAY, **changes: Any) -> FormCheck:
        return check_form(matter(number), chosen, {**apply(number, chosen, at=at).form, **changes}, at=at)

    return run


def id_number(birth: str, region: str = "990101", order: str = "001") -> str:
    first = f"{region}{birth}{order}"
    return first + id_check_character(first)


def codes(result: FormCheck) -> set[tuple[str, str]]:
    return {(error.path, error.code) for error in result.errors}


def test_an_unknown_situation_is_an_error_of_its_own(matter: MatterOf) -> None:
    assert codes(check_form(matter("04"), "nothing", {}, at=TODAY)) == {("situation", "unknown_situation")}


def test_unknown_names_are_refused_but_the_situation_may_stand_among_the_values(check: Check) -> None:
    assert codes(check("04", "emergency", surprise=1)) == {("surprise", "unknown_field")}
    assert codes(check("04", "emergency", situation="emergency")) == set()
    assert codes(check("04", "emergency", situation="expenditure")) == {("situation", "unknown_field")}


def test_a_flood_of_unknown_names_is_answered_briefly(matter: MatterOf) -> None:
    result = check_form(matter("15"), "standard", {f"{'x' * 5000}{n}": 1 for n in range(5000)}, at=TODAY)
    unknown = [error for error in result.errors if error.code == "unknown_field"]
    assert len(unknown) == 20
    assert max(len(error.path) for error in unknown) < 200


def test_an_identity_number_with_a_wrong_check_character_is_named_at_its_field(check: Check) -> None:
    right = id_number("19050101")
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    result = check("15", "standard", at=date(1965, 5, 5), applicant_id_number=wrong)
    assert ("applicant_id_number", "checksum") in codes(result)
    assert "校验位" in next(error for error in result.errors if error.code == "checksum").text()


@pytest.mark.parametrize("birth", ["19000229", "20261123", "20261301", "00000000"])
def test_a_birth_date_that_is_none_or_has_not_come_is_an_error(check: Check, birth: str) -> None:
    assert ("applicant_id_number", "birth_date") in codes(check("17", "first", applicant_id_number=id_number(birth)))


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000", "320105"])
def test_residence_permits_share_the_form_and_raise_no_warning(check: Check, prefix: str) -> None:
    result = check("18", "standard", applicant_id_number=id_number("19050101", region=prefix))
    assert not result.errors
    assert not any(warning.path == "applicant_id_number" for warning in result.warnings)


def test_an_unknown_region_in_an_identity_number_only_warns(check: Check) -> None:
    result = check("18", "standard", applicant_id_number=id_number("19050101", region="990101"))
    assert not result.errors
    assert ("applicant_id_number", "region_unknown") in {(w.path, w.code) for w in result.warnings}


def test_ages_are_judged_on_the_day_of_the_application(check: Check) -> None:
    born = id_number("19661122")
    assert ("applicant_id_number", "min_age") in codes(
        check("05", "standard", at=date(2026, 11, 21), applicant_id_number=born)
    )
    assert codes(check("05", "standard", at=date(2026, 11, 22), applicant_id_number=born)) == set()


def test_the_last_year_of_an_upper_age_is_allowed(check: Check) -> None:
    assert codes(check("15", "standard", applicant_id_number=id_number("19601123"))) == set()
    assert ("applicant_id_number", "max_age") in codes(
        check("15", "standard", applicant_id_number=id_number("19601122"), at=date(2027, 11, 22))
    )


def test_a_guardian_is_asked_for_below_sixteen_only(check: Check) -> None:
    child, grown = id_number("20150101"), id_number("20100101")
    without_guardian = {"guardian_name": None, "guardian_id_number": None}
    missing = codes(check("17", "first", applicant_id_number=child, **without_guardian))
    assert missing == {("guardian_name", "required"), ("guardian_id_number", "required")}
    assert codes(check("17", "first", applicant_id_number=grown, **without_guardian)) == set()


def test_hidden_fields_are_dropped_and_ask_for_nothing(check: Check, matter: MatterOf) -> None:
    result = check("04", "expenditure", by_agent=False, agent_name="甲乙", agent_phone="not a phone", urgent=True)
    assert not result.errors
    assert not {"agent_name", "agent_phone", "urgent"} & set(result.values)


def test_what_hangs_on_a_hidden_field_is_hidden(matter: MatterOf) -> None:
    shown = {field.key for field in visible_fields(matter("14"), "hired", {"contract_type": "fixed"})}
    assert "contract_end" in shown
    other = matter("14").guide.situations[1].id
    hidden = {field.key for field in visible_fields(matter("14"), other, {"contract_type": "fixed"})}
    assert not {"contract_type", "contract_end"} & hidden


def test_a_condition_wants_the_very_value(matter: MatterOf) -> None:
    for not_true in ("true", 1, "True", [True], None):
        assert "agent_name" not in {f.key for f in visible_fields(matter("04"), "emergency", {"by_agent": not_true})}
    assert "agent_name" in {f.key for f in visible_fields(matter("04"), "emergency", {"by_agent": True})}


def test_derived_fields_are_computed_whatever_was_sent(check: Check) -> None:
    rows = [
        {"name": "甲甲", "id_number": id_number("19050101", order="001"), "relation": "01", "employment_status": "none", "monthly_income": "0.10"},
        {"name": "乙乙", "id_number": id_number("19050101", order="003"), "relation": "02", "employment_status": "none", "monthly_income": 0.2},
    ]  # fmt: skip
    result = check("04", "expenditure", household_members=rows, household_size=99, household_monthly_income="nonsense")
    assert not result.errors
    assert result.values["household_size"] == 2
    assert result.values["household_monthly_income"] == "0.30"


def test_a_derived_field_whose_inputs_are_wrong_adds_no_error_of_its_own(check: Check) -> None:
    assert {path for path, _ in codes(check("24", "apply", total_amount="nonsense"))} == {"total_amount"}


def test_derive_gives_only_what_can_be_computed(matter: MatterOf) -> None:
    assert derive(matter("24"), {"total_amount": "100.00", "reimbursed_total": "30.50"}) == {"self_paid": "69.50"}
    assert derive(matter("24"), {"total_amount": "100.00"}) == {}


def test_what_the_back_office_supplies_is_not_asked_of_the_clerk(check: Check, matter: MatterOf, apply: Apply) -> None:
    refused = check("28", "pension", payable_amount="100")
    assert codes(refused) == {("payable_amount", "readonly")}
    assert "payable_amount" not in refused.values
    form = apply("28", "pension").form
    supplied = {"payable_amount": "100.00"}
    assert check_form(matter("28"), "pension", form, at=TODAY, supplied=supplied).values["payable_amount"] == "100.00"
    same = check_form(matter("28"), "pension", {**form, "payable_amount": 100}, at=TODAY, supplied=supplied)
    assert not same.errors
    differs = check_form(matter("28"), "pension", {**form, "payable_amount": "99"}, at=TODAY, supplied=supplied)
    assert codes(differs) == {("payable_amount", "readonly")}


@pytest.mark.parametrize(
    ("number", "situation", "key", "value"),
    [
        ("04", "emergency", "check_authorized", False),
        ("27", "retiree", "received_before", True),
        ("10", "standard", "other_pension", True),
    ],
)
def test_some_answers_must_be_what_the_guide_wants(
    check: Check, number: str, situation: str, key: str, value: bool
) -> None:
    assert codes(check(number, situation, **{key: value})) == {(key, "must_be")}


def test_a_default_stands_in_for_an_answer_left_out(check: Check, matter: MatterOf) -> None:
    situation = matter("01").guide.situations[0].id
    assert check("01", situation, consent_transfer=None).values["consent_transfer"] is True
    assert check("01", situation, consent_transfer=False).values["consent_transfer"] is False


def test_the_same_person_twice_in_a_list_is_named_in_the_later_row(check: Check) -> None:
    row = {
        "name": "甲甲",
        "id_number": id_number("19050101"),
        "relation": "01",
        "employment_status": "none",
        "monthly_income": "1",
    }
    again = {**row, "id_number": " " + str(row["id_number"]).lower() + " "}
    result = check("04", "emergency", household_members=[row, again])
    assert codes(result) == {("household_members/1/id_number", "duplicate")}
    assert "第2行" in result.errors[0].text()
    assert "第1行" in result.errors[0].text()


@pytest.mark.parametrize("rows", ["text", {"name": "甲"}, 5])
def test_a_list_that_is_no_list_is_one_error(check: Check, rows: object) -> None:
    assert codes(check("04", "emergency", household_members=rows)) == {("household_members", "type")}


def test_rows_that_are_no_rows_are_named_one_by_one(check: Check) -> None:
    found = codes(check("04", "emergency", household_members=["甲", None]))
    assert ("household_members/0", "type") in found
    assert ("household_members/1", "type") in found


def test_a_list_may_be_too_long_or_too_short(check: Check) -> None:
    assert ("household_members", "min_items") in codes(check("04", "emergency", household_members=[]))
    assert codes(check("04", "emergency", household_members=[{}] * 100_000)) == {("household_members", "max_items")}


def test_a_list_that_may_be_empty_may_be_left_out(check: Check, matter: MatterOf) -> None:
    situation = matter("03").guide.situations[0].id
    assert check("03", situation, obligors=None).values["obligors"] == []


def test_unknown_columns_are_refused(check: Check) -> None:
    row = {
        "name": "甲甲",
        "id_number": id_number("19050101"),
        "relation": "01",
        "employment_status": "none",
        "monthly_income": "1",
    }
    assert codes(check("04", "emergency", household_members=[{**row, "salary": 1}])) == {
        ("household_members/0/salary", "unknown_field")
    }


def test_dates_keep_their_order_and_one_day_may_begin_and_end_a_stay(check: Check) -> None:
    assert codes(check("21", "temporary", valid_from="2026-12-01", valid_until="2026-12-01")) == set()
    assert codes(check("21", "temporary", valid_from="2026-12-01", valid_until="2026-11-30")) == {
        ("valid_until", "after_field")
    }
    assert codes(check("30", "standard", period_from="2026-05", period_to="2026-04")) == {("period_to", "gte_field")}


def test_amounts_keep_below_the_one_they_are_part_of(check: Check) -> None:
    assert codes(check("04", "emergency", expense_total="100", reimbursed_total="100.00")) == set()
    assert codes(check("04", "emergency", expense_total="100", reimbursed_total="100.01")) == {
        ("reimbursed_total", "lte_field")
    }
    # As text "9" is more than "100"; as an amount it is not.
    assert codes(check("04", "emergency", expense_total="100", reimbursed_total="9")) == set()


def test_dates_in_the_future_are_allowed_only_as_far_as_the_guide_says(check: Check) -> None:
    assert codes(check("04", "emergency", occurred_date="2026-11-22")) == set()
    assert codes(check("04", "emergency", occurred_date="2026-11-23")) == {("occurred_date", "not_future")}
    hired = {"contract_type": None, "contract_end": None}
    assert codes(check("14", "hired", start_date="2026-12-22", **hired)) == set()
    assert codes(check("14", "hired", start_date="2026-12-23", **hired)) == {("start_date", "max_future_days")}


def test_a_birth_date_or_gender_other_than_the_identity_numbers_only_warns(check: Check) -> None:
    born = {
        "applicant_id_number": id_number("20100101", order="001"),
        "guardian_name": None,
        "guardian_id_number": None,
    }
    same = check("17", "first", applicant_birth_date="2010-01-01", applicant_gender="1", **born)
    assert not {w.path for w in same.warnings} & {"applicant_birth_date", "applicant_gender"}
    other = check("17", "first", applicant_birth_date="2010-01-02", applicant_gender="2", **born)
    assert not other.errors
    assert {(w.path, w.code) for w in other.warnings} >= {
        ("applicant_birth_date", "differs_from_id"),
        ("applicant_gender", "differs_from_id"),
    }


def test_an_account_that_fails_luhn_only_warns(check: Check) -> None:
    result = check("04", "emergency", bank_account_no="6222021234567890123")
    assert not result.errors
    assert ("bank_account_no", "luhn") in {(w.path, w.code) for w in result.warnings}


@pytest.mark.parametrize(
    ("number", "situation", "key", "value", "code"),
    [
        ("04", "emergency", "bank_account_no", "12345678901", "min_length"),
        ("04", "emergency", "bank_account_no", "1" * 31, "max_length"),
        ("04", "emergency", "reason_detail", "太短", "min_length"),
        ("04", "emergency", "applicant_name", "甲", "min_length"),
        ("04", "emergency", "household_house_count", 21, "max"),
        ("04", "emergency", "household_house_count", -1, "min"),
        ("04", "emergency", "household_financial_assets", "-0.01", "min"),
        ("04", "emergency", "applicant_hukou_region", "320105", "level"),
        ("04", "emergency", "applicant_hukou_region", "32", "level"),
        ("21", "temporary", "filing_region", "32", "level"),
        ("21", "temporary", "filing_region", "320000", "level"),
        ("06", "living", "disability_cert_no", "123", "pattern"),
        ("30", "standard", "insurance_types", [], "required"),
    ],
)
def test_limits_are_named_at_their_field(
    check: Check, number: str, situation: str, key: str, value: object, code: str
) -> None:
    assert (key, code) in codes(check(number, situation, **{key: value}))


@pytest.mark.parametrize("region", ["310000", "11", "320100", "3201", "320105", "320105007"])
def test_a_place_of_treatment_is_a_city_or_finer_and_municipalities_are_cities(check: Check, region: str) -> None:
    assert codes(check("21", "temporary", filing_region=region)) == set()


def test_a_scale_is_kept(check: Check, matter: MatterOf) -> None:
    situation = matter("E01").guide.situations[0].id
    assert codes(check("E01", situation, area=12.345)) == {("area", "scale")}
    assert codes(check("E01", situation, area=12.34)) == set()


def test_ten_megabytes_in_a_text_field_are_refused_quickly_and_briefly(check: Check) -> None:
    result = check("04", "emergency", reason_detail="字" * 10_000_000)
    assert codes(result) == {("reason_detail", "too_long")}
    assert len(result.errors[0].text()) < 100


def test_a_form_check_never_shows_its_values_when_printed(check: Check, apply: Apply) -> None:
    name = apply("04", "emergency").form["applicant_name"]
    assert name not in repr(check("04", "emergency"))
