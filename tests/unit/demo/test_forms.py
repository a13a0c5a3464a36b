"""Applications made from the matter files: complete, the same for the same seed, and each constraint met."""

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.form_filler import fields, is_visible, make_form
from demo.forms import make_application, make_materials, required_keys, situations, without
from demo.people import age_on
from matters.form import check_form
from matters.guide import Matter
from matters.material import MaterialProof, ProofKind, check_materials
from tests.doubles.declared import declared_matters

AT = date(2026, 11, 22)
CONFIG = Path(__file__).parents[3] / "config"
MATTERS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(CONFIG.glob("matters*/*.yaml"))
}
SEEDS = range(12)
every_matter = pytest.mark.parametrize("matter", MATTERS.values(), ids=MATTERS.keys())


def applications(matter: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for situation in situations(matter):
        for seed in SEEDS:
            yield situation, make_application(matter, situation, seed=seed, at=AT).form


def test_all_matters_are_here() -> None:
    assert len(MATTERS) == 32


@every_matter
def test_the_same_seed_gives_the_same_application(matter: dict[str, Any]) -> None:
    for situation in situations(matter):
        first, second = (make_application(matter, situation, seed=3, at=AT) for _ in range(2))
        assert first == second


@every_matter
def test_exactly_the_visible_fields_are_filled_and_no_required_one_is_missing(matter: dict[str, Any]) -> None:
    for situation, form in applications(matter):
        for field in fields(matter):
            if not is_visible(field, situation, form):
                assert field["key"] not in form
        for path in required_keys(matter, situation, form):
            assert without(form, path) != form


@every_matter
def test_what_the_platform_fills_is_left_to_it(matter: dict[str, Any]) -> None:
    for _, form in applications(matter):
        for field in fields(matter):
            if "derived" in field["constraints"] or field["constraints"].get("readonly"):
                assert field["key"] not in form


@every_matter
def test_fields_that_bound_each_other_agree(matter: dict[str, Any]) -> None:
    for _, form in applications(matter):
        for field in fields(matter):
            value, rules = form.get(field["key"]), field["constraints"]
            if value is None:
                continue
            if other := form.get(rules.get("lte_field")):
                assert Decimal(value) <= Decimal(other)
            if other := form.get(rules.get("gte_field")):
                assert value >= other
            if other := form.get(rules.get("after_field")):
                assert value > other
            if rules.get("not_future"):
                assert date.fromisoformat(value) <= AT
            if "must_be" in rules:
                assert value is rules["must_be"]


@every_matter
def test_ages_are_within_the_guides_bounds(matter: dict[str, Any]) -> None:
    for _, form in applications(matter):
        for field in fields(matter):
            if field["type"] == "id_card" and field["key"] in form:
                birth_date = date.fromisoformat(form[field["key"]][6:14])
                assert field["constraints"].get("min_age", 0) <= age_on(birth_date, AT)
                assert age_on(birth_date, AT) <= field["constraints"].get("max_age", 200)


def test_the_applicant_is_the_first_of_the_household() -> None:
    for _, form in applications(MATTERS["01-minimum-living-guarantee"]):
        first, *others = form["household_members"]
        assert (first["relation"], first["id_number"]) == ("01", form["applicant_id_number"])
        assert all(member["relation"] != "01" for member in others)


def test_a_minors_card_names_the_guardian_and_an_adults_does_not() -> None:
    seen = set()
    for situation, form in applications(MATTERS["17-social-security-card"]):
        is_minor = age_on(date.fromisoformat(form["applicant_id_number"][6:14]), AT) < 16
        assert ("guardian_id_number" in form) is is_minor
        assert ("guardian_name" in required_keys(MATTERS["17-social-security-card"], situation, form)) is is_minor
        seen.add(is_minor)
    assert seen == {True, False}


def test_a_disability_certificate_is_made_of_its_holders_number_category_and_level() -> None:
    for _, form in applications(MATTERS["06-disability-subsidies"]):
        expected = f"{form['applicant_id_number']}{form['disability_type']}{form['disability_level']}"
        assert form["disability_cert_no"] == expected


def test_required_keys_reach_into_the_rows_of_a_list() -> None:
    matter = MATTERS["12-employee-insurance-enrolment"]
    form = make_form(matter, "add", rng=random.Random(1), at=AT)
    keys = required_keys(matter, "add", form)
    assert "employees" in keys
    assert "employees/0/monthly_wage" in keys
    assert "enrol_month" in keys
    assert "removal_reason" not in keys
    assert "monthly_wage" not in without(form, "employees/0/monthly_wage")["employees"][0]
    assert "monthly_wage" in form["employees"][0]


@every_matter
def test_every_needed_material_is_proven_in_a_way_the_guide_allows(matter: dict[str, Any]) -> None:
    for situation in situations(matter):
        for seed in SEEDS:
            given = make_materials(matter, situation, rng=random.Random(seed))
            for material in matter["guide"]["materials"]:
                is_asked = "all" in material["situations"] or situation in material["situations"]
                if is_asked and material["need"]["code"] != "2":
                    assert material["id"] in given
                if material["exemption"]["method"] == "none" and material["id"] in given:
                    assert given[material["id"]] != "exempt"


# What follows asks the real checkers, so that the generator can't merely agree with itself.


@pytest.fixture(scope="module")
def guides() -> dict[str, Matter]:
    return {matter.id: matter for matter in declared_matters()}


@every_matter
def test_the_form_engine_finds_nothing_wrong(matter: dict[str, Any], guides: dict[str, Matter]) -> None:
    for situation, form in applications(matter):
        checked = check_form(guides[matter["id"]], situation, form, at=AT)
        assert checked.errors == ()
        # 99 is no province: design.md section 4 makes that a warning, never an error.
        assert {warning.code for warning in checked.warnings} <= {"region_unknown"}


@every_matter
def test_the_form_engine_misses_every_key_called_required(matter: dict[str, Any], guides: dict[str, Matter]) -> None:
    for situation in situations(matter):
        form = make_application(matter, situation, seed=1, at=AT).form
        for path in required_keys(matter, situation, form):
            errors = check_form(guides[matter["id"]], situation, without(form, path), at=AT).errors
            assert path in {error.path for error in errors}


@every_matter
def test_the_form_engine_does_without_every_other_key(matter: dict[str, Any], guides: dict[str, Matter]) -> None:
    for situation in situations(matter):
        form = make_application(matter, situation, seed=2, at=AT).form
        for key in form.keys() - set(required_keys(matter, situation, form)):
            checked = check_form(guides[matter["id"]], situation, without(form, key), at=AT)
            assert key not in {error.path for error in checked.errors}


@every_matter
def test_the_material_rules_find_nothing_wrong(matter: dict[str, Any], guides: dict[str, Matter]) -> None:
    for situation in situations(matter):
        for seed in SEEDS:
            given = make_application(matter, situation, seed=seed, at=AT).materials
            proofs = [MaterialProof(material=id_, kind=ProofKind(stated)) for id_, stated in given.items()]
            assert check_materials(guides[matter["id"]], situation, proofs) == ()
