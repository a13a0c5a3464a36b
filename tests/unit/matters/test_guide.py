"""The matter files as typed objects: nothing lost, mistakes named by file and place."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from matters.errors import DeclaredDataInvalid, UnknownSituation
from matters.guide import ELEMENTS, Matter, load_matters, parse_matter

CONFIG = Path(__file__).parents[3] / "config"
FILES = sorted((CONFIG / "matters").glob("*.yaml")) + sorted((CONFIG / "matters-ext").glob("*.yaml"))


def read(path: Path) -> dict[str, object]:
    document: dict[str, object] = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)  # the safe one in C
    return document


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_of_a_matter_file_is_lost(path: Path) -> None:
    assert parse_matter(read(path), path).document() == read(path)


def test_all_thirty_matters_and_the_two_extensions_are_there(all_matters: tuple[Matter, ...]) -> None:
    assert len(FILES) == len(all_matters) == 32
    assert sum(each.tier == "province_unified" for each in all_matters) == 30


def test_every_matter_has_the_twelve_elements_in_order(all_matters: tuple[Matter, ...]) -> None:
    for each in all_matters:
        assert tuple(each.document()["guide"]) == ELEMENTS
    assert len(ELEMENTS) == 12


def test_short_codes_are_unique_and_written_as_in_case_numbers(
    matter: Callable[[str], Matter], all_matters: tuple[Matter, ...]
) -> None:
    assert matter("04").short_code == "MZ004"
    assert matter("E01").short_code == "SCJG001"
    assert len({each.short_code for each in all_matters}) == 32


def test_a_situation_may_promise_something_of_its_own(matter: Callable[[str], Matter]) -> None:
    assert matter("04").promised("expenditure").value == 10
    assert matter("04").promised("emergency").value == 1
    with pytest.raises(UnknownSituation):
        matter("04").promised("nothing")


def test_reading_all_files_is_quick() -> None:
    started = time.process_time()
    load_matters(CONFIG / "matters", CONFIG / "matters-ext")
    assert time.process_time() - started < 3


def test_mistakes_are_named_by_file_and_place_all_at_once(tmp_path: Path) -> None:
    document = read(FILES[3])
    document["guide"]["fees"]["charged"] = "maybe"  # type: ignore[index]
    document["surprise"] = 1
    (tmp_path / f"{FILES[3].name}").write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    (tmp_path / "99-not-yaml.yaml").write_text("a: [", "utf-8")
    with pytest.raises(DeclaredDataInvalid) as refused:
        load_matters(tmp_path)
    text = str(refused.value)
    assert f"{FILES[3].name}: guide.fees.charged" in text
    assert "surprise" in text
    assert "99-not-yaml.yaml" in text


def test_a_file_named_otherwise_than_its_matter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "05-other.yaml").write_bytes(FILES[3].read_bytes())
    with pytest.raises(DeclaredDataInvalid, match="expected '05-other'"):
        load_matters(tmp_path)


def test_the_same_matter_twice_is_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / FILES[3].name).write_bytes(FILES[3].read_bytes())
    with pytest.raises(DeclaredDataInvalid, match="declared twice"):
        load_matters(tmp_path / "a", tmp_path / "b")
