"""Finding a matter by whatever a clerk types."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matters.catalogue import Catalogue
from matters.errors import UnknownMatter
from matters.guide import Matter
from matters.pinyin import SoundText, name_readings, sort_key
from matters.search import MatterIndex


@pytest.fixture(scope="module")
def index(all_matters: tuple[Matter, ...]) -> MatterIndex:
    return MatterIndex(all_matters)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("临时救助", "04"), ("救助", "04"), ("linshijiuzhu", "04"), ("LinShi", "04"), ("lsjz", "04"), ("linshijz", "04"),
        ("lsjiuz", "04"), ("4", "04"), ("04", "04"), ("mz004", "04"), ("JSGP-MZ-004", "04"), ("E01", "E01"), ("temporary", "04"),
        ("尊老金", "05"), ("zlj", "05"), ("zhongdu", "06"), ("chongdu", "06"), ("社会保障卡", "17"), ("社保卡", "17"),
        ("shebaoka", "17"), ("sbk", "17"), ("低保", "01"), ("shiye", "15"), ("ｌｓｊｚ", "04"), ("临时 救助", "04"), ("yidijiuyi", "21"),
    ],
)  # fmt: skip
def test_the_matter_meant_comes_first(index: MatterIndex, query: str, number: str) -> None:
    assert index.search(query)[0].number == number


def test_an_empty_query_gives_all_in_order(index: MatterIndex, all_matters: tuple[Matter, ...]) -> None:
    assert index.search("") == index.search("  ") == all_matters


def test_every_matter_is_found_by_its_name_its_sound_and_its_codes(
    index: MatterIndex, all_matters: tuple[Matter, ...]
) -> None:
    for each in all_matters:
        sound = "".join(
            every[0] for every in SoundText(each.name).readings if every[0].isalpha() and every[0].isascii()
        )
        for query in (each.name, each.number, each.short_code, each.id):
            assert index.search(query)[0] is each
        assert each in index.search(sound[:40])


def test_words_narrow_the_list(index: MatterIndex) -> None:
    wide, narrow = index.search("参保"), index.search("参保 医疗")
    assert set(narrow) < set(wide)
    assert {matter.number for matter in narrow} == {"19", "20"}


@pytest.mark.parametrize("query", ["不存在的事项", "vvvv", "999", "%", "'", "\\", "[", "\x00"])
def test_what_is_not_there_is_not_found_and_harms_nothing(index: MatterIndex, query: str) -> None:
    assert len(index.search(query)) in (0, 32)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_query_is_answered(index: MatterIndex, query: str) -> None:
    assert set(index.search(query)) <= set(index.search(""))


def test_a_search_takes_a_millisecond_at_most(index: MatterIndex) -> None:
    queries = ["lsjz", "linshijiuzhu", "社保卡", "canbao", "参保 医疗", "zhongdu", "temporary", "", "mz004", "s" * 40]
    best = min(_timed(index, queries) for _ in range(5))
    assert best / len(queries) < 0.001


def _timed(index: MatterIndex, queries: list[str]) -> float:
    started = time.process_time()
    for query in queries:
        index.search(query)
    return time.process_time() - started


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("单雄信", "shan"), ("仇英", "qiu"), ("区寄", "ou"), ("查慎行", "zha"), ("解缙", "xie"), ("任是非", "ren"),
        ("曾巩", "zeng"), ("朴趾源", "piao"), ("重耳", "chong"), ("盖聂", "ge"), ("缪荃孙", "miao"), ("翟让", "zhai"),
        ("尉迟恭", "yu"), ("万俟卨", "mo"), ("单于夫罗", "chan"), ("长孙无忌", "zhang"), ("乐和", "yue"), ("华雄", "hua"),
    ],
)  # fmt: skip
def test_surnames_are_read_as_surnames(name: str, sound: str) -> None:
    assert name_readings(name)[0] == (sound,)


def test_people_are_found_by_surname_sound_and_not_by_another(index: MatterIndex) -> None:
    person = SoundText("单廷珪", is_name=True)
    assert person.find("shantinggui") == 0
    assert person.find("stg") == 0
    assert person.find("dan") is None


def test_all_readings_of_a_polyphone_are_tried_and_u_umlaut_is_typed_three_ways() -> None:
    assert set(SoundText("重").readings[0]) >= {"zhong", "chong"}
    assert all(SoundText("吕布", is_name=True).find(typed) == 0 for typed in ("lv", "lu", "lyu"))


def test_names_sort_by_the_sound_of_their_surname() -> None:
    assert sorted(["仇英", "单雄信", "艾青"], key=sort_key) == ["艾青", "仇英", "单雄信"]


def test_the_catalogue_looks_matters_up(all_matters: tuple[Matter, ...], matter: Callable[[str], Matter]) -> None:
    catalogue = Catalogue(all_matters)
    assert catalogue.matter("04-temporary-assistance") is matter("04")
    assert {each.number for each in catalogue.of_system("wj-birth")} == {"25"}
    with pytest.raises(UnknownMatter):
        catalogue.matter("x" * 1000)
