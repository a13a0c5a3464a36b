"""What departments check of a form and how they decide, by their own rules."""

import random
from datetime import date
from typing import Any

import pytest

from demo import identifiers
from demo.ground import checks
from demo.mz_elder import rules as elder
from demo.rs_employment import rules as employment
from demo.rs_resident_pension import rules as pension
from demo.scjg_food import rules as food
from demo.yb_core import rules as healthcare

TODAY = date(2026, 11, 22)


def _identity(born: date, *, is_male: bool = True) -> str:
    return identifiers.id_number(random.Random(1), birth_date=born, is_male=is_male)


def test_an_identity_number_is_checked_to_the_last_character() -> None:
    good = _identity(date(1905, 6, 7))
    assert checks.identity(good) == ""
    assert checks.identity(good[:-1] + ("1" if good[-1] != "1" else "2")) == "校验码不正确"
    assert checks.identity("990000190502301234") == "出生日期不存在"
    assert checks.identity(good.lower() if good.endswith("X") else good[:-1]) == "应为18位居民身份号码"


def test_a_credit_code_is_checked_to_the_last_character() -> None:
    good = identifiers.uscc(random.Random(2))
    assert checks.credit_code(good) == ""
    assert checks.credit_code(good[:-1] + ("A" if good[-1] != "A" else "B")) == "校验码不正确"


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (checks.text(4), "贾宝", "贾宝玉"),  # bytes, two a character
        (checks.code("1", True), True, 1),
        (checks.code(100), 100, "100"),
        (checks.codes("a", "b"), ["a"], ["c"]),
        (checks.integer(1, 9), 9, True),
        (checks.number(0, 1), 0.5, "0.5"),
        (checks.day("%Y-%m-%d"), "2026-02-28", "2026-02-30"),
        (checks.day("%Y%m%d"), "20260228", "2026-02-28"),
        (checks.day("%Y-%m"), "2026-02", "2026-2"),
        (checks.integer_month, 202602, "202602"),
        (checks.case_number, "320105007-241105-MZ004-000371", "MZ004-000371"),
        (checks.phone, "19400012345", "194"),
        (checks.township, "320105007", "3201"),
        (checks.account, "9999017314595230111", "9999 0173"),
    ],
)
def test_a_check_takes_the_right_and_refuses_the_wrong(check: checks.Check, good: object, bad: object) -> None:
    assert check(good) == ""
    assert check(bad) != ""


def test_every_mandatory_field_of_every_operation_is_missed() -> None:
    tables = {
        **{("elder", name): fields for name, fields in elder.FIELDS.items()},
        **{("pension", name): fields for name, fields in pension.FIELDS.items()},
        **{("employment", name): fields for name, fields in employment.FIELDS.items()},
        **{("healthcare", name): fields for name, fields in healthcare.FIELDS.items()},
        ("food", "new"): food.FIELDS,
    }
    assert len(tables) == 16
    for name, fields in tables.items():
        missed = {complaint.path for complaint in checks.complaints({}, fields)}
        assert missed == {field.path for field in fields if field.needed({})}, name
        assert len(missed) >= 5, name


def _allowance(born: date, **more: object) -> dict[str, Any]:
    return {"bizType": "ZLJ_APPLY", "idNumber": _identity(born), "startMonth": "2026-11", **more}


@pytest.mark.parametrize(
    ("born", "status", "amount"),
    [
        (date(1946, 12, 1), "40", None),
        (date(1946, 11, 30), "30", "100.00"),
        (date(1936, 11, 30), "30", "200.00"),
        (date(1905, 1, 1), "30", "500.00"),
    ],
)
def test_the_allowance_begins_with_eighty_and_grows(born: date, status: str, amount: str | None) -> None:
    decision = elder.decide(_allowance(born))
    assert (decision.status, decision.facts.get("monthlyAmount")) == (status, amount)


def _subsidy(**more: object) -> dict[str, Any]:
    given = {"incomeCategory": "1", "selfCareLevel": "3", "acceptedAt": "2026-11-22 10:00:00"}
    return {"bizType": "YLFW_BT", "idNumber": _identity(date(1950, 1, 1)), **given, **more}


@pytest.mark.parametrize(
    ("changed", "status"), [({}, "30"), ({"incomeCategory": "9"}, "40"), ({"selfCareLevel": "0"}, "40")]
)
def test_the_subsidy_is_for_the_needy_who_need_care(changed: dict[str, str], status: str) -> None:
    assert elder.decide(_subsidy(**changed)).status == status


def _claim(**more: object) -> dict[str, Any]:
    given = {"aic160": 202611, "bae301": "0", "bae303": "0"}
    return {"aac002": _identity(date(1966, 11, 1)), **given, **more}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "3"),
        ({"aic160": 202610}, "-1"),
        ({"bae303": "1"}, "-1"),
        ({"aae202": 12}, "-1"),
        ({"aae202": 12, "bae301": "1", "bae302": 3}, "3"),
    ],
)
def test_a_pension_needs_sixty_years_of_age_and_fifteen_of_payment(changed: dict[str, object], status: str) -> None:
    assert pension.decide("DYSL", _claim(**changed), on=TODAY).status == status


@pytest.mark.parametrize(
    ("born", "is_male", "category", "since", "status"),
    [
        (date(1976, 11, 22), True, "large_age", "2026-01-01", "APPROVED"),
        (date(1976, 11, 23), True, "large_age", "2026-01-01", "REJECTED"),
        (date(1986, 11, 22), False, "large_age", "2026-01-01", "APPROVED"),
        (date(1986, 11, 23), False, "large_age", "2026-01-01", "REJECTED"),
        (date(2000, 1, 1), True, "long_unemployed", "2025-11-22", "APPROVED"),
        (date(2000, 1, 1), True, "long_unemployed", "2025-11-23", "REJECTED"),
        (date(2000, 1, 1), True, "dibao", "2026-11-01", "APPROVED"),
    ],
)
def test_hardship_is_recognised_by_age_sex_and_time(
    born: date, is_male: bool, category: str, since: str, status: str
) -> None:
    body = {
        "id_number": _identity(born, is_male=is_male),
        "hardship_category": category,
        "unemployed_date": since,
    }
    assert employment.recognise(body, on=TODAY).status == status


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        ("MTBZRD", {"opsp_dise_code": "M99"}, "-1"),
        ("MTBZRD", {"opsp_dise_code": "M99", "drug_memo": "二甲双胍"}, "0"),
        ("SGBX", {"third_duty_flag": "1"}, "-1"),
        ("SGBX", {"third_duty_flag": "0", "medfee_sumamt": 10, "oth_pay": 10, "med_type": "11"}, "-1"),
        ("SGBX", {"third_duty_flag": "0", "medfee_sumamt": 10, "oth_pay": 2, "med_type": "11"}, "0"),
        ("YLJZ", {"psn_type": "5", "family_income": 240_004, "family_size": 4, "psn_pay": 1}, "-1"),
        ("YLJZ", {"psn_type": "5", "family_income": 240_000, "family_size": 4, "psn_pay": 1}, "0"),
        ("YLJZ", {"psn_type": "2", "family_size": 4, "psn_pay": 0}, "-1"),
    ],
)
def test_healthcare_decides_by_the_documented_rules(operation: str, body: dict[str, object], status: str) -> None:
    decision = healthcare.decide(operation, body)
    assert decision.status == status
    assert decision.facts["memo"]


def test_a_food_business_is_known_by_code_place_items_and_kind_whatever_their_order() -> None:
    body = {"uscc": "9", "siteAddr": "听雨路1号", "items": ["hot", "cold"], "applyType": "NEW"}
    assert food.business_key(body) == food.business_key({**body, "items": ["cold", "hot"]})
    assert food.business_key(body) != food.business_key({**body, "siteAddr": "听雨路2号"})


def test_the_old_md5_signature_is_over_sorted_parameters_without_empty_ones() -> None:
    # md5("a=1&b=true&c=[1,2]" + "secret"), worked out with openssl
    parameters = {"c": [1, 2], "b": True, "a": "1", "d": "", "sign": "x"}
    assert food.signature(parameters, b"secret") == "e481a5258423139e7f59a7d0462c526d"
