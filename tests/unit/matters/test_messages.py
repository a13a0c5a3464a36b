"""Every sentence the trade says is translated, with the same params, and says something."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from config.language import load_catalogues
from matters import errors
from matters.errors import MatterError
from matters.messages import say

PACKAGE = Path(__file__).parents[3] / "matters"
PARAM = re.compile(r"\{(\w+)\}")
ENGLISH_OF = {"label": "label_en", "other": "other_en", "material": "material_en"}


def marked() -> set[str]:
    found = extract_from_dir(PACKAGE, keywords={"N_": None}, method_map=[("**.py", "python")])
    return {str(message) for _, _, message, _, _ in found}


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    catalogue = load_catalogues([PACKAGE / "locale"])["en"]
    return {message: catalogue.gettext(message) for message in marked()}


def test_every_marked_sentence_has_its_english(english: dict[str, str]) -> None:
    assert len(english) > 140
    assert [message for message, translated in english.items() if translated == message] == []


def test_the_english_uses_params_the_chinese_has(english: dict[str, str]) -> None:
    for message, translated in english.items():
        given = set(PARAM.findall(message))
        allowed = given | {ENGLISH_OF[name] for name in given if name in ENGLISH_OF}
        assert set(PARAM.findall(translated)) <= allowed, message


def test_english_has_no_chinese_and_chinese_sentences_are_chinese(english: dict[str, str]) -> None:
    for message, translated in english.items():
        assert not re.search(r"[\u4e00-\u9fff]", translated), translated
        assert re.search(r"[\u4e00-\u9fff]", message)


def test_no_sentence_of_a_person_is_left_unmarked() -> None:
    # Chinese in code stands only in N_(...), in docstrings and comments, in the tables of names and readings, and in
    # the shell's commands, which say everything in both languages.
    apart = {"pinyin.py", "masking.py", "guide_lint.py", "fields.py", "json_schema.py", "commands.py"}
    for path in PACKAGE.rglob("*.py"):
        if path.name in apart:
            continue
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text("utf-8"))
        bare = re.findall(r'(?<!N_\()"([^"\n]*[\u4e00-\u9fff][^"\n]*)"', code)
        assert bare == [], path


def test_every_error_has_a_code_of_its_own_and_a_sentence() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MatterError)]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert {kind.public for kind in kinds} <= marked()


def test_a_sentence_is_said_in_the_readers_language() -> None:
    catalogue = load_catalogues([PACKAGE / "locale"])["en"]
    params = {"label": "手机号码", "label_en": "Mobile phone"}
    assert say("请填写{label}", params) == "请填写手机号码"
    assert say("请填写{label}", params, catalogue.gettext) == "Fill in: Mobile phone"
