"""Languages: which one is chosen, and where a message comes from."""

from pathlib import Path

import pytest

from config.language import CHINESE, load_catalogues, negotiate

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "办件"
msgstr "Case"

msgid "%(num)d 件"
msgstr "%(num)d case"

msgid "%(num)d 件办件"
msgstr "%(num)d cases"

msgid "没有译文"
msgstr ""
"""


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-Hans"),
        ("", "zh-Hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR, en;q=0.4, zh;q=0.3", "en"),
        ("en;q=0.3, zh-TW;q=0.8", "zh-Hans"),
        ("EN", "en"),
        ("fr, de", "zh-Hans"),
        ("en;q=0, fr", "zh-Hans"),
        ("en;q=high, zh", "zh-Hans"),
        (";;;,,q=1", "zh-Hans"),
        ("*", "zh-Hans"),
    ],
)
def test_the_best_of_our_languages_is_chosen(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_the_accounts_language_wins_if_it_is_one_of_ours() -> None:
    assert negotiate("zh-CN", "en") == "en"
    assert negotiate("en", "zh-Hans") == "zh-Hans"
    assert negotiate("en", "fr") == "en"


def test_a_very_long_header_costs_no_more_than_a_long_one() -> None:
    assert negotiate("fr," * 100_000 + "en") == CHINESE


def test_messages_come_from_every_directory_and_fall_back_to_chinese(tmp_path: Path) -> None:
    for name, text in (("a", PO), ("b", PO.replace("办件", "材料").replace("Case", "Material"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "en.po").write_text(text)
    catalogues = load_catalogues([tmp_path / "a", tmp_path / "b"])
    assert catalogues["en"].gettext("办件") == "Case"
    assert catalogues["en"].gettext("材料") == "Material"
    assert catalogues["en"].gettext("没有译文") == "没有译文"
    assert catalogues["zh-Hans"].gettext("办件") == "办件"


def test_english_tells_one_from_many(tmp_path: Path) -> None:
    (tmp_path / "en.po").write_text(PO)
    catalogues = load_catalogues([tmp_path])
    assert catalogues["en"].ngettext("%(num)d 件", "%(num)d 件办件", 1) == "%(num)d case"
    assert catalogues["en"].ngettext("%(num)d 件", "%(num)d 件办件", 2) == "%(num)d cases"


def test_a_missing_catalogue_is_a_fault_at_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_catalogues([tmp_path])
