"""The shape of an application: lenient in how materials are written, exact in what is wrong."""

from typing import Any

import pytest

from portal.api.application_body import MaterialStatement, read_application
from portal.api.problem_types import INVALID_APPLICATION
from portal.api.refusals import Refused

PLAIN = {"matter": "04-temporary-assistance", "situation": "emergency", "form": {"name": "测试甲"}}


def errors_of(body: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        read_application(body)
    assert caught.value.kind is INVALID_APPLICATION
    assert all(error.sentence.message for error in caught.value.errors)
    return {error.pointer: error.code for error in caught.value.errors}


@pytest.mark.parametrize(
    "materials",
    [
        ["id_card"],
        [{"id": "id_card"}],
        [{"material": "id_card", "form": "paper"}],
        {"id_card": "paper"},
        {"id_card": {"form": "paper"}},
        {"id_card": {}},
    ],
)
def test_a_material_may_be_written_as_it_comes_easiest(materials: Any) -> None:
    (statement,) = read_application({**PLAIN, "materials": materials}).materials
    assert (statement.material, statement.form) == ("id_card", "paper")


@pytest.mark.parametrize("materials", [None, [], {}])
def test_nothing_said_means_nothing_handed_in(materials: Any) -> None:
    assert read_application({**PLAIN, "materials": materials}).materials == ()
    assert read_application(PLAIN).materials == ()


def test_counts_are_kept_where_they_were_given() -> None:
    body = read_application({**PLAIN, "materials": [{"id": "hukou_book", "originals": 1, "copies": 2}]})
    assert body.materials == (
        MaterialStatement(material="hukou_book", form="paper", originals=1, copies=2, at="/materials/0"),
    )


def test_the_situation_may_be_left_out() -> None:
    assert read_application({"matter": "a", "form": {}}).situation == ""
    assert read_application({"matter": "a", "form": {}, "situation": None}).situation == ""


def test_every_part_of_the_wrong_shape_is_named_at_once() -> None:
    body = {"situation": 3, "form": [], "materials": 7, "aplicant": {}}
    assert errors_of(body) == {
        "/aplicant": "unknown",
        "/matter": "required",
        "/situation": "type",
        "/form": "type",
        "/materials": "type",
    }


def test_a_missing_form_is_named() -> None:
    assert errors_of({"matter": "a"}) == {"/form": "required"}


@pytest.mark.parametrize(
    ("materials", "expected"),
    [
        ([1], {"/materials/0": "type"}),
        ([{}], {"/materials/0": "type"}),
        (["a", {"id": "b", "form": "verbal"}], {"/materials/1": "form"}),
        ({"a/b": "verbal"}, {"/materials/a~1b": "form"}),
        ({"a": 1}, {"/materials/a": "type"}),
        (
            [{"id": "a", "originals": -1, "copies": 1.5}],
            {"/materials/0/originals": "range", "/materials/0/copies": "range"},
        ),
        ([{"id": "a", "originals": True}], {"/materials/0/originals": "range"}),
        ([{"id": "a", "colour": "red"}], {"/materials/0/colour": "unknown"}),
        (["a", "a"], {"/materials/1": "repeated"}),
    ],
)
def test_what_is_wrong_with_a_material_is_named_at_its_place(materials: Any, expected: dict[str, str]) -> None:
    assert errors_of({**PLAIN, "materials": materials}) == expected


def test_an_application_does_not_print_what_was_typed() -> None:
    assert "测试甲" not in repr(read_application(PLAIN))
