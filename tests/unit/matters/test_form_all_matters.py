"""Every matter in every situation: generated applications pass, and whatever is left out is named."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.forms import Application, required_keys, situations, without
from matters.form import check_form, visible_fields
from matters.guide import Matter
from matters.material import MaterialProof, ProofKind, check_materials

CONFIG = Path(__file__).parents[3] / "config"
TODAY = date(2026, 11, 22)
SEEDS = range(6)


def all_situations() -> Iterator[tuple[str, str]]:
    for path in sorted(CONFIG.glob("matters*/*.yaml")):
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)  # the safe one in C
        for situation in situations(document):
            yield path.stem.split("-")[0], situation


EVERY = pytest.mark.parametrize(("number", "situation"), list(all_situations()))


@EVERY
def test_generated_applications_pass(
    number: str, situation: str, matter: Callable[[str], Matter], apply: Callable[..., Application]
) -> None:
    for seed in SEEDS:
        check = check_form(matter(number), situation, apply(number, situation, seed=seed).form, at=TODAY)
        assert not check.errors


@EVERY
def test_what_was_checked_once_stays_as_it_is(
    number: str, situation: str, matter: Callable[[str], Matter], apply: Callable[..., Application]
) -> None:
    first = check_form(matter(number), situation, apply(number, situation).form, at=TODAY)
    second = check_form(matter(number), situation, first.values, at=TODAY)
    assert second.values == first.values
    assert not second.errors


@EVERY
def test_each_required_field_left_out_is_named(
    number: str,
    situation: str,
    matter: Callable[[str], Matter],
    apply: Callable[..., Application],
    documents: Mapping[str, Mapping[str, Any]],
) -> None:
    form = apply(number, situation).form
    paths = required_keys(documents[number], situation, form)
    assert paths
    for path in paths:
        check = check_form(matter(number), situation, without(form, path), at=TODAY)
        assert (path, "required") in {(error.path, error.code) for error in check.errors}


@EVERY
def test_an_empty_form_names_every_required_visible_field_and_nothing_else(
    number: str, situation: str, matter: Callable[[str], Matter]
) -> None:
    each = matter(number)
    check = check_form(each, situation, {}, at=TODAY)
    expected = {
        field.key
        for field in visible_fields(each, situation, {})
        if field.required
        and not field.supplied
        and field.constraints.default is None
        and field.constraints.min_items != 0
    }
    assert {error.path for error in check.errors} == expected
    assert {error.code for error in check.errors} == {"required"}


@EVERY
def test_nothing_of_the_wrong_type_gets_through(
    number: str, situation: str, matter: Callable[[str], Matter], apply: Callable[..., Application]
) -> None:
    form = apply(number, situation).form
    for key, value in form.items():
        for wrong in (object(), {"a": 1}, [[]], -1.5):
            check = check_form(matter(number), situation, {**form, key: wrong}, at=TODAY)
            is_fine = isinstance(value, int | float | str) and isinstance(wrong, float)
            assert is_fine or key in {error.path.split("/")[0] for error in check.errors}


@EVERY
def test_errors_say_what_to_do_and_never_what_was_typed(
    number: str, situation: str, matter: Callable[[str], Matter], apply: Callable[..., Application]
) -> None:
    form = {
        key: "秘密内容9" if isinstance(value, str) else value for key, value in apply(number, situation).form.items()
    }
    for error in check_form(matter(number), situation, form, at=TODAY).errors:
        assert "{" not in error.text()
        assert "秘密" not in error.text()


@EVERY
def test_generated_materials_pass_and_each_required_one_left_out_is_named(
    number: str, situation: str, matter: Callable[[str], Matter], apply: Callable[..., Application]
) -> None:
    each = matter(number)
    proofs = [
        MaterialProof(material=name, kind=ProofKind(kind)) for name, kind in apply(number, situation).materials.items()
    ]
    assert check_materials(each, situation, proofs, files_may_follow=True) == ()
    for proof in proofs:
        rest = [other for other in proofs if other is not proof]
        missing = check_materials(each, situation, rest, files_may_follow=True)
        is_optional = each.materials_by_id[proof.material].need.code == "2"
        assert [error.path for error in missing] == ([] if is_optional else [f"materials/{proof.material}"])
