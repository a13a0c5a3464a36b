"""A spec as its editor shows it: numbered lines, and at each wrong one what was expected and how to mend it. Pure."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from connectors.errors import SpecProblem, SpecRefused
from connectors.mending import advise
from connectors.yaml_source import parse
from portal.api.refusals import fill
from portal.words import _

SPARE_LINES: Final = 40
"""Room below the last line, so that typing on needs no answer of ours to have numbers beside it."""
_MOST_SHOWN: Final = 100
_AROUND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedLine:
    """A line's number beside the text; `wrong` when something on it does not hold."""

    number: int
    wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldProblem:
    """One mistake. `mend` is empty where nobody can say more; `shown` is the line as it is written, cut."""

    line: int
    path: str
    expected: str
    mend: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """What the editor shows. `more` counts the problems beyond those listed."""

    text: str = field(repr=False)
    lines: tuple[NumberedLine, ...]
    problems: tuple[ToldProblem, ...]
    more: int = 0


def editor(text: str, problems: Sequence[SpecProblem]) -> Editor:
    """Return the editor's view of `text` with what is wrong in it."""
    written = text.splitlines()
    document = _document(text) if problems else None
    wrong = {problem.line for problem in problems}
    last = max(len(written), 1) + SPARE_LINES
    return Editor(
        text=text,
        lines=tuple(NumberedLine(number=n, wrong=n in wrong) for n in range(1, last + 1)),
        problems=tuple(
            _told(problem, document, written) for problem in sorted(problems, key=lambda each: each.line)[:_MOST_SHOWN]
        ),
        more=max(0, len(problems) - _MOST_SHOWN),
    )


def _told(problem: SpecProblem, document: object, written: Sequence[str]) -> ToldProblem:
    advice = advise(problem, document)
    line = written[problem.line - 1].strip() if 0 < problem.line <= len(written) else ""
    return ToldProblem(
        line=problem.line,
        path="" if problem.path == "(file)" else problem.path,
        expected=fill(_(advice.expected), advice.params),
        mend=fill(_(advice.mend), advice.params) if advice.mend else "",
        shown=line if len(line) <= 120 else f"{line[:119]}…",
    )


def _document(text: str) -> object:
    try:
        return parse(text, "spec").document
    except SpecRefused:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLine:
    """A line that two texts do not share, or one around it; a `gap` stands for those left out."""

    kind: Literal["mine", "theirs", "both", "gap"]
    text: str


def changed_lines(theirs: str, mine: str) -> tuple[ChangedLine, ...]:
    """Return what `mine` and `theirs` do not share, with a little around it."""
    return tuple(_changed(difflib.unified_diff(theirs.splitlines(), mine.splitlines(), lineterm="", n=_AROUND)))


def _changed(lines: Iterable[str]) -> Iterable[ChangedLine]:
    for line in lines:
        match line[:1]:
            case "@":
                yield ChangedLine(kind="gap", text="")
            case "+" if not line.startswith("+++"):
                yield ChangedLine(kind="mine", text=line[1:])
            case "-" if not line.startswith("---"):
                yield ChangedLine(kind="theirs", text=line[1:])
            case " ":
                yield ChangedLine(kind="both", text=line[1:])
            case _:
                continue


def as_typed(text: str) -> str:
    """Return a posted text with the line ends of a file: browsers send CRLF."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return unified if unified.endswith("\n") or not unified else f"{unified}\n"
