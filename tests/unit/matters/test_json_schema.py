"""The JSON Schema of a form agrees with the form engine wherever it can say the rule."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from demo.forms import Application, required_keys, situations, without
from matters.form import check_form
from matters.guide import Matter
from matters.json_schema import DIALECT, json_schema

TODAY = date(2026, 11, 22)
MatterOf = Callable[[str], Matter]
Apply = Callable[..., Application]


def validator(each: Matter) -> Draft202012Validator:
    schema = json_schema(each)
    meta.validate(schema)
    return Draft202012Validator(schema, validate_formats=True)


def test_valid_forms_and_their_normal_values_fit(all_matters: tuple[Matter, ...], apply: Apply) -> None:
    for each in all_matters:
        schema = validator(each)
        for situation in situations(each.document()):
            form = apply(each.number, situation).form
            normal = check_form(each, situation, form, at=TODAY).values
            for values in (form, normal, {**form, "situation": situation}):
                assert not [error.message for error in schema.iter_errors(values)]


def test_what_is_required_everywhere_is_required_by_both(all_matters: tuple[Matter, ...], apply: Apply) -> None:
    for each in all_matters:
        schema = validator(each)
        for situation in situations(each.document()):
            form = {**apply(each.number, situation).form, "situation": situation}
            for path in required_keys(each.document(), situation, form):
                shorter = without(form, path)
                field = each.fields_by_key.get(path)
                by_age = field is not None and field.constraints.required_if_age is not None
                assert check_form(each, situation, shorter, at=TODAY).errors
                assert by_age or not schema.is_valid(shorter)


@pytest.mark.parametrize(
    "wrong", [None, "秘密", 7, -7, 1.5, True, [], {}, ["x"], [{}], "a" * 20_000, "2026-02-30", "\x00"]
)
def test_what_the_engine_finds_wrong_with_a_lone_value_the_schema_does_too_or_cannot_say(
    all_matters: tuple[Matter, ...], apply: Apply, wrong: Any
) -> None:
    # The other way round is the promise: a value the schema takes is never refused for its type or shape.
    shapes = {"type", "option_unknown", "too_long", "id_shape", "uscc_shape", "account_shape", "region_shape",
              "phone_shape", "month_shape", "year_shape", "money_shape", "integer_shape", "number_shape", "scale",
              "min_items", "max_items", "min_length", "max_length", "pattern", "must_be", "unknown_field"}  # fmt: skip
    for each in all_matters:
        schema, situation = validator(each), each.guide.situations[0].id
        form = apply(each.number, situation).form
        for key, field in each.fields_by_key.items():
            values = {**form, key: wrong}
            found = {e.code for e in check_form(each, situation, values, at=TODAY).errors if e.path.startswith(key)}
            if found & shapes and not (field.constraints.derived or field.constraints.readonly):
                assert not schema.is_valid(values), (each.id, key, found)


def test_the_schema_says_what_a_person_sees(matter: MatterOf) -> None:
    schema = json_schema(matter("04"))
    assert schema["$schema"] == DIALECT
    assert schema["properties"]["difficulty_cause"]["oneOf"][0] == {
        "const": "illness",
        "title": "突发重大疾病",
        "x-title-en": "Serious illness",
    }
    assert schema["properties"]["agent_name"]["x-visible-when"] == {"field": "by_agent", "in": [True]}
    assert schema["properties"]["household_members"]["items"]["required"] == [
        "name",
        "id_number",
        "relation",
        "employment_status",
        "monthly_income",
    ]
    assert schema["properties"]["household_size"]["readOnly"] is True
    assert "household_size" not in schema["required"]
    assert [section["id"] for section in schema["x-sections"]] == [
        "applicant",
        "household",
        "request",
        "payment",
        "agent",
    ]
    assert schema["additionalProperties"] is False


def test_a_conditional_field_is_required_when_its_whole_chain_holds(matter: MatterOf, apply: Apply) -> None:
    schema = validator(matter("04"))
    form = {**apply("04", "emergency").form, "situation": "emergency"}
    form.pop("urgent")
    assert not schema.is_valid(form)
    assert schema.is_valid({**form, "situation": "expenditure"})
