"""The endpoints file counts as it is now; one that does not hold changes nothing once OneWindow runs."""

import os
from pathlib import Path

import pytest

from connectors import endpoints
from connectors.endpoints import Endpoints
from connectors.errors import SpecRefused


@pytest.fixture(autouse=True)
def looks_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "LOOK_EVERY_SECONDS", 0.0)


def written(file: Path, text: str, *, at: int) -> Path:
    file.write_text(text)
    os.utime(file, ns=(at, at))  # two writes within a tick of the disk's clock are told apart
    return file


def test_a_new_line_counts_without_a_restart(tmp_path: Path) -> None:
    file = written(tmp_path / "endpoints.yaml", "mz-elder: http://127.0.0.1:1/\n", at=1)
    known = Endpoints(file)
    assert dict(known) == {"mz-elder": "http://127.0.0.1:1"}
    written(file, "mz-elder: http://127.0.0.1:2\nmz-visit: https://visit.example\n", at=2)
    assert dict(known) == {"mz-elder": "http://127.0.0.1:2", "mz-visit": "https://visit.example"}


@pytest.mark.parametrize(
    "wrong",
    ["mz-elder: ftp://x\n", "- a list\n", "a: [\n", "mz-elder.queue: http://x\n", "mz-elder.test.queue: http://x\n"],
)
def test_a_file_that_does_not_hold_stops_the_start_and_nothing_later(tmp_path: Path, wrong: str) -> None:
    file = written(tmp_path / "endpoints.yaml", "mz-elder: http://127.0.0.1:1\n", at=1)
    known = Endpoints(file)
    written(file, wrong, at=2)
    assert known["mz-elder"] == "http://127.0.0.1:1"
    with pytest.raises(SpecRefused):
        Endpoints(file)


def test_a_file_that_is_gone_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path / "endpoints.yaml", "mz-elder: http://127.0.0.1:1\n", at=1)
    known = Endpoints(file)
    file.unlink()
    assert known["mz-elder"] == "http://127.0.0.1:1"
    assert len(Endpoints(None)) == 0


def test_a_line_stands_for_trials_too_beside_the_one_in_earnest(tmp_path: Path) -> None:
    lines = ("rs-card.files: sftp://card.example", "rs-card.test.files: sftp://card-test.example")
    known = Endpoints(written(tmp_path / "endpoints.yaml", "\n".join(lines), at=1))
    assert known["rs-card.test.files"] == "sftp://card-test.example"


@pytest.mark.parametrize(
    ("content", "line", "expected"),
    [
        ("mz-elder: http://a\nrs-card: card.example\n", 2, "expected http(s)://host"),
        ("mz-elder: http://a\nrs-card: http://[::1\n", 2, "expected scheme://host"),
        ("mz-elder: http://a\n\trs-card: http://b\n", 2, "a tab stands here"),
        ("mz-elder: http://a\nrs-card：http://b\n", 2, "a Chinese ："),
        ("mz-elder: http://a\nrs-card.ftp: ftp://b\n", 2, "expected a system's id"),
        ("mz-elder: http://a\nmz-elder: http://b\n", 2, "stands here twice"),
        ("", 1, "expected {system id"),
    ],
)
def test_what_does_not_hold_is_told_at_its_line(content: str, line: int, expected: str, tmp_path: Path) -> None:
    with pytest.raises(SpecRefused) as refused:
        Endpoints(written(tmp_path / "endpoints.yaml", content, at=1))
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == ("endpoints.yaml", line)
    assert problem.expected.startswith(expected)
