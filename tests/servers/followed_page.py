"""A page of documentation, read as a person would who does what it says: files to write, commands to type.

A fence ```` ```yaml file=path ```` is a file. A fence ```` ```console ```` is a session: `$ ` begins a command, what follows it is its
output, in which `…` stands for anything within a line and, alone on its line, for any number of lines.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = ("composition", "config", "connectors", "demo", "idp", "matters", "migrations", "portal", "onewindow.py")
COMMAND_WITHIN_SECONDS = 120
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    path: str
    content: str


@dataclass(frozen=True, slots=True)
class Typed:
    command: str
    shown: str


class NotAsShown(AssertionError):
    """The page says one thing and the command another."""


def steps(page: str) -> Iterator[WrittenFile | Typed]:
    """Yield what the page asks for, in its order.

    Raises:
        NotAsShown: a fence is neither a file nor a session, so nobody could follow it.
    """
    for fence in _FENCE.finditer(page):
        kind, content = fence.group(1), fence.group(2)
        if " file=" in kind:
            yield WrittenFile(kind.partition(" file=")[2].strip(), content)
        elif kind == "console":
            yield from _session(content)
        else:
            raise NotAsShown(f"a fence nobody can follow: {kind!r}")


def _session(content: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield Typed(command, shown)


def check_shown(shown: str, told: str, *, of: str) -> None:
    """Compare an output with what the page shows of it.

    Raises:
        NotAsShown: with both.
    """
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "…\n" else re.escape(line).replace("…", r"[^\n]*")
        for line in shown.splitlines(keepends=True)
    )
    if not re.fullmatch(pattern, told):
        raise NotAsShown(f"$ {of}\n--- the page shows\n{shown}\n--- it said\n{told}")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of what a checkout needs to run, with `onewindow` to be typed. `said` are words of the page that are others here."""

    directory: Path
    said: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def follow(self, step: WrittenFile | Typed) -> None:
        """Write the file, or type the command and compare its output; it must end with 0."""
        if isinstance(step, WrittenFile):
            (self.directory / step.path).write_text(self.here(step.content), "utf-8")
            return
        done = subprocess.run(
            ["/bin/bash", "-c", self.here(step.command)],
            cwd=self.directory,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_WITHIN_SECONDS,
            check=False,
        )
        told = done.stdout.decode("utf-8")
        if done.returncode:
            raise NotAsShown(f"$ {step.command}\nended with {done.returncode}:\n{told}")
        check_shown(self.here(step.shown), told, of=step.command)

    def here(self, words: str) -> str:
        """Return the page's words with this copy's addresses in them."""
        for theirs, ours in self.said.items():
            words = words.replace(theirs, ours)
        return words

    def environment(self) -> Mapping[str, str]:
        path = f"{self.directory / 'bin'}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.directory), "LC_ALL": "C.UTF-8", **self.variables}


def onewindow_in(directory: Path) -> Path:
    """Make `onewindow` a command, as the page says it is one, and return it."""
    command = directory / "bin" / "onewindow"
    command.parent.mkdir()
    words = shlex.join([sys.executable, str(directory / "onewindow.py")])
    command.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    command.chmod(0o755)
    return command
