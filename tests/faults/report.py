"""What a run has to say: where it is, tables as people read them and as docs/connectors.md has them, and the verdict."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from tests.bench.table import show
from tests.faults.figures import HEAD, Figure, summary

FILE: Final = Path(__file__).parents[2] / "test-results" / "faults.md"
_LINES_OF_A_HARM: Final = 5


@dataclass(slots=True)
class Report:
    """`parts` are the commands of the parts to come, in their order, as somebody would type them; `file` gets the tables."""

    parts: Sequence[str]
    file: Path = FILE
    _began: float = field(default_factory=monotonic)
    _at: int = 0
    _texts: list[str] = field(default_factory=list)
    _figures: list[Figure] = field(default_factory=list)
    _harms: list[str] = field(default_factory=list)

    @property
    def is_harmless(self) -> bool:
        return not self._harms

    def begin(self) -> None:
        """Go on to the next part."""
        self._at += 1
        self.step("begins")

    def step(self, what: str) -> None:
        """Tell on standard error where the run is."""
        passed = int(monotonic() - self._began)
        place = f"part {self._at} of {len(self.parts)}, {self._name}"
        sys.stderr.write(f"[{passed // 60:02d}:{passed % 60:02d}] {place}: {what}\n")
        sys.stderr.flush()

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, says: str = "") -> None:
        """Print a table, and keep it in the form of the docs under `title`; `says` explains it in a sentence or two."""
        show(title, head, rows)
        self._texts.append(f"**{title}** (`python -m tests.faults {self._name}`){f': {says}' if says else ''}")
        self._texts.append(markdown(head, rows))
        self._write(self._texts)  # at once: what was seen stays, however the run ends

    def count(self, figures: Iterable[Figure]) -> None:
        """Add what a part counted to the table of the whole."""
        self._figures += figures

    def harm(self, where: str, lines: Sequence[str]) -> None:
        """Note what was harmed; a run with any ends with 1."""
        self._harms += [f"{self._name}, {where}: {line}" for line in lines]
        for line in lines[:_LINES_OF_A_HARM]:
            sys.stdout.write(f"HARM {self._name}, {where}: {line}\n")
        if len(lines) > _LINES_OF_A_HARM:
            sys.stdout.write(f"HARM … and {len(lines) - _LINES_OF_A_HARM} more\n")

    def end(self) -> None:
        """Print the table of the whole and the verdict."""
        rows = summary(self._figures)
        if rows:
            show("everything together, per transport and way to run", HEAD, rows)
            self._write(["**Everything together** (`make faults`)", markdown(HEAD, rows), *self._texts])
        minutes = (monotonic() - self._began) / 60
        verdict = "nothing was harmed" if self.is_harmless else f"{len(self._harms)} harms, named above"
        sys.stdout.write(f"{verdict}; {minutes:.0f} minutes; the tables for docs/connectors.md are in {self.file}\n")
        sys.stdout.flush()

    def _write(self, texts: Sequence[str]) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text("\n\n".join(texts) + "\n", "utf-8")

    @property
    def _name(self) -> str:
        return self.parts[self._at - 1] if self._at else ""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown writes one."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(each.replace("|", "\\|") for each in line) + " |" for line in lines)
