"""The slips people make while typing a spec: each is told at its line, as what it is, with its mend in both languages."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.commands import connector_cli
from connectors.errors import SpecProblem, SpecRefused
from connectors.spec import load_system
from connectors.telling import told
from tests.doubles.house import SPEC

NAME = "mz-elder.yaml"


def problem(directory: Path, content: bytes) -> SpecProblem:
    file = directory / NAME
    file.write_bytes(content)
    with pytest.raises(SpecRefused) as refused:
        load_system(file)
    return refused.value.problems[0]


def line_of(text: str) -> int:
    return SPEC[: SPEC.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  concurrency: 4", "\tconcurrency: 4", "a tab stands here"),
        ("  concurrency: 4", "  concurrency：4", "a Chinese ： stands here: expected :"),
        ("{type: oidc, path", "{type: oidc，path", "a Chinese ， stands here: expected ,"),
        ("  concurrency: 4", "　　concurrency: 4", "a Chinese blank (U+3000) stands here: expected a blank"),
        ('"10": accepted', "“10”: accepted", 'a Chinese “ stands here: expected "'),
        ("status == 409", "status == 409 ＆＆ true", "a Chinese ＆ stands here: expected &"),
        ("form.applicant_id_number,", '"form.applicant_id_number ｜ upper",', "a Chinese ｜ stands here"),
        ("'yyyy-MM-dd HH:mm:ss'", "‘yyyy-MM-dd HH:mm:ss’", "a Chinese ‘ stands here: expected '"),
        ("name_en: Elderly", "name_en: Eld\0erly", "a character that no file may hold: U+0000"),
    ],
)  # fmt: skip
def test_what_the_eye_does_not_see_is_named_where_it_stands(old: str, new: str, expected: str, tmp_path: Path) -> None:
    found = problem(tmp_path, SPEC.replace(old, new, 1).encode())
    assert (found.line, found.expected[: len(expected)]) == (line_of(old), expected)


@pytest.mark.parametrize(("charset", "said", "line"), [("gb18030", "GBK", line_of("name: ")), ("utf-16", "UTF-16", 1)])
def test_a_file_in_another_character_set_is_told_so(charset: str, said: str, line: int, tmp_path: Path) -> None:
    found = problem(tmp_path, SPEC.encode(charset))
    assert (found.line, said in found.expected) == (line, True)


@pytest.mark.parametrize("content", [SPEC.encode("utf-8-sig"), SPEC.replace("\n", "\r\n").encode()])
def test_a_mark_at_the_beginning_and_line_ends_of_windows_are_read(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_bytes(content)
    assert load_system(file).id == "mz-elder"


@pytest.mark.parametrize("content", [b"", b"- a\n", b"a: &a [*a]\n"])
def test_what_is_no_spec_at_all_has_a_mend(content: bytes, tmp_path: Path) -> None:
    (_, mend) = told([problem(tmp_path, content)])
    assert mend.startswith("  改法 mend: ")
    assert mend.isascii() is False
    assert any(word in mend for word in ("Begin with", "Write out"))


@pytest.mark.parametrize(
    ("name", "says"),
    [("nowhere", "no such directory or file"), (".", "no file *.yaml"), ("mz-elder.yml", "mz-elder.yml:")],
)
def test_nothing_found_is_never_called_good(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "mz-elder.yml").write_text(SPEC.replace("concurrency", "concurency"), "utf-8")
    ended = CliRunner().invoke(connector_cli, ["lint", str(tmp_path / name)])
    assert ended.exit_code == 1
    assert says in ended.output


def test_one_file_is_held_against_its_rules_too(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(SPEC, "utf-8")
    ended = CliRunner().invoke(connector_cli, ["lint", str(tmp_path / NAME)])
    assert (ended.exit_code, "mz-elder\trest_json" in ended.output) == (0, True)
