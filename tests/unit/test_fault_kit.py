"""What the fault kit makes of what it counted: the harm, the table of the whole, the verdict."""

from pathlib import Path

import pytest

from tests.faults.__main__ import MINUTES, PARTS, WHOLE, minutes, read
from tests.faults.figures import Figure, figures_of, summary
from tests.faults.harm import chains, harm, resume_seconds
from tests.faults.hostile_rows import Row, classed, together
from tests.faults.report import Report, markdown

ELDER, CARD = "mz-elder", "rs-card"
TOLD = {ELDER: {"1": 1, "2": 2, "6": 1}, CARD: {}}


def test_a_case_is_lost_when_neither_the_department_nor_a_person_has_it() -> None:
    found = harm(
        [(ELDER, "1"), (ELDER, "2"), (ELDER, "3"), (CARD, "4"), (CARD, "5"), (ELDER, "6")],
        {"1": "confirmed", "2": "confirmed", "3": "confirmed", "4": "desk", "5": "refused"},
        TOLD,
    )
    assert found.lost == [f"{ELDER} 3 confirmed", f"{ELDER} 6 not kept"]
    assert found.doubled == [f"{ELDER} 2 ×2"]
    assert (found.accepted, found.desk, found.is_none) == (6, 1, False)


def test_what_is_still_on_its_way_or_was_kept_in_secret_is_harm_too() -> None:
    assert not harm([], {}, {}, unsettled=1).is_none
    assert harm([], {}, {}, half_kept=2).told(["500 nothing said"]) == [
        "an answer without a reason: 500 nothing said",
        "kept, and nobody was told: 2",
    ]
    assert harm([], {}, {}).told() == []


def test_counts_stand_by_transport() -> None:
    found = harm([(ELDER, "1"), (CARD, "4")], {"1": "confirmed", "4": "desk"}, TOLD, unknown_of={ELDER: 3})
    elder, card = figures_of(found, "SQLite", resumes={"rest_json": [1.5]}, others={"rest_json": (0.1, 0.2)})[::-1]
    assert elder == Figure(
        transport="rest_json", on="SQLite", cases=1, unknown=3, resumes=[1.5], others=[(0.1, 0.2)]
    )  # fmt: skip
    assert card == Figure(transport="file_batch", on="SQLite", cases=1, desk=1)


def test_the_whole_adds_up_per_transport_and_way_to_run() -> None:
    rows = summary(
        [
            Figure(transport="soap", on="A", cases=2, unknown=1),
            Figure(transport="rest_json", on="A", cases=3, resumes=[0.5, 2.0], others=[(0.1, 0.2)]),
            Figure(transport="rest_json", on="A", cases=4, lost=1, desk=2, others=[(0.3, 0.4)]),
            Figure(transport="rest_json", on="B", cases=1, doubled=1),
        ]
    )
    assert rows == [
        ("rest_json", "A", "7", "1", "0", "0", "2", "2.0", "0.20 / 0.30"),
        ("rest_json", "B", "1", "0", "1", "0", "0", "–", "–"),
        ("soap", "A", "2", "0", "0", "1", "0", "–", "–"),
    ]


def test_of_blows_in_a_row_only_the_last_is_recovered_from() -> None:
    assert resume_seconds([10.0, 12.0, 20.0], [9.0, 13.0, 13.5, 22.0]) == [1.0, 2.0]


def test_tries_of_a_case_are_a_chain_and_the_commonest_stands_first() -> None:
    tries = [
        ("1", "unknown", "timeout"),
        ("2", "unknown", "timeout"),
        ("1", "asked: found", ""),
        ("3", "accepted", ""),
        ("2", "unknown", "timeout"),
        ("2", "asked: found", ""),
    ]
    assert chains(tries) == "unknown, timeout → asked: found / accepted"


def _row(transport: str, mode: str, *, lost: int = 0) -> Row:
    return Row(
        transport=transport, mode=mode, sent=2, lost=lost, doubled=0, unknown=1, desk=0, unsettled=0,
        states="confirmed 2", classes=f"{mode}ed",
    )  # fmt: skip


def test_hostile_rows_stand_by_way_to_fail_and_add_up_by_transport() -> None:
    rows = [_row("soap", "slow"), _row("soap", "twice"), _row("form_post", "slow", lost=1)]
    assert together(rows) == [("soap", "4", "0", "0", "2", "0", "0"), ("form_post", "2", "1", "0", "1", "0", "0")]
    assert classed(rows) == (
        ("the department", "soap", "form_post"),
        [("`slow`", "slowed", "slowed"), ("`twice`", "twiceed", "–")],
    )
    assert rows[2].told() == ["lost: 1 of 2 (confirmed 2)"]


def test_a_run_with_harm_says_so_and_its_tables_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(["kills 20"], file=tmp_path / "results" / "faults.md")
    report.begin()
    report.table("kill -9, SQLite", ("killed", "lost"), [("web", "0")], says="every few seconds.")
    report.count([Figure(transport="soap", on="SQLite", cases=1)])
    assert report.is_harmless
    report.harm("SQLite, web", ["lost: soap 1"])
    report.end()
    assert not report.is_harmless
    kept = report.file.read_text("utf-8")
    assert "**kill -9, SQLite** (`python -m tests.faults kills 20`): every few seconds.\n\n| killed | lost |" in kept
    assert kept.startswith("**Everything together** (`make faults`)\n\n| transport | on |")
    printed = capsys.readouterr()
    assert "HARM kills 20, SQLite, web: lost: soap 1" in printed.out
    assert "1 harms, named above" in printed.out
    assert "part 1 of 1, kills 20: begins" in printed.err


def test_a_table_is_written_as_markdown() -> None:
    assert markdown(("a", "b"), [("1|2", "3")]) == "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |"


def test_without_words_everything_runs_and_f1_can_be_given_a_size() -> None:
    assert set(PARTS) == set(WHOLE) == set(MINUTES)
    assert read([]) == read(["whole"]) == list(WHOLE.items())
    assert dict(read(["whole", "100000"]))["ten-days"] == 100_000
    assert minutes(read([])) <= 30


def test_parts_are_asked_for_by_name_and_size() -> None:
    assert read(["kills", "10", "full-disk"]) == [("kills", 10), ("full-disk", None)]
    for wrong in (["nothing"], ["kills", "10", "11"], ["whole", "1", "2"], ["whole", "many"]):
        with pytest.raises(ValueError):  # noqa: PT011 - usage is told, whatever was wrong
            read(wrong)
