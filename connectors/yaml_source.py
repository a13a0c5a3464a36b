"""Read a YAML file and remember at which line each key stands, so that a refusal can point at it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from connectors.chinese_marks import quotes_key, stray_mark
from connectors.errors import SpecProblem, SpecRefused

# The loader in C reads the specs in a tenth of the time; it is missing from a PyYAML built without libyaml.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NO_SUCH_VALUE: Final = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
"""What the loader raises for `2026-99-99`, which looks like a date, for `!!bool maybe` and for `!!int ""`."""
_NEVER: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML allows nowhere (YAML 1.2 §5.1)."""
MOST_DEEP: Final = 60
MOST_PLACES: Final = 50_000
"""A hundred times the largest spec: aliases within aliases make a few lines endless."""


@dataclass(frozen=True, slots=True)
class YamlSource:
    """`document` as read and the line of every path; `operations.X.request` and so on."""

    file: str
    document: object
    lines: Mapping[tuple[str, ...], int]

    def problem(self, path: tuple[str, ...], expected: str) -> SpecProblem:
        """Return a problem at `path`, with the line of its nearest known part."""
        near = path = self._as_written(path)
        while near and near not in self.lines:
            near = near[:-1]
        return SpecProblem(
            file=self.file, line=self.lines.get(near, 1), path=".".join(path) or "(file)", expected=expected
        )

    def _as_written(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Return `path` without the words that only name which `kind` of a section was meant."""
        words: tuple[str, ...] = ()
        at: object = self.document
        for word in path:
            inner = at.get(word) if isinstance(at, Mapping) else None
            if inner is None and isinstance(at, Mapping) and at.get("kind") == word:
                continue
            if isinstance(at, list) and word.isdigit() and int(word) < len(at):
                inner = at[int(word)]
            words, at = (*words, word), inner
        return words


def read(file: Path) -> YamlSource:
    """Return the file's document.

    Raises:
        SpecRefused: it is not UTF-8 or not YAML, or a key stands twice in one object.
    """
    return parse(read_text(file), file.name)


def read_text(file: Path) -> str:
    """Return what a file says.

    Raises:
        SpecRefused: there is no such file, or it is not in UTF-8.
    """
    try:
        content = file.read_bytes()
    except OSError:
        raise _refused(file.name, 1, "there is no such file, or it can't be opened") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(file.name, line, f"expected UTF-8, this is {_guessed(content)}") from None


def _guessed(content: bytes) -> str:
    """Return the character set `content` is probably in, in words."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return "another character set"
    return "GBK or GB18030"


def parse(text: str, name: str) -> YamlSource:
    """Return the document of a text; `name` stands in problems where a file's name would.

    Raises:
        SpecRefused: it is not YAML, or a key stands twice in one object.
    """
    try:
        _check_depth(text, name)
        node = yaml.compose(text, Loader=_LOADER)
        lines: dict[tuple[str, ...], int] = {}
        wrong_keys: list[SpecProblem] = []
        if node is not None:
            _walk(node, (), lines, wrong_keys, name)
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506  # both are the safe ones
    except RecursionError:
        raise _refused(name, 1, "an alias (*) that holds itself: expected the text itself") from None
    except (yaml.YAMLError, *_NO_SUCH_VALUE) as error:
        raise _unreadable(name, text, error) from None
    if wrong_keys:
        raise SpecRefused(wrong_keys)
    return YamlSource(name, document, lines)


def _check_depth(text: str, name: str) -> None:
    """Refuse what nests deeper than any message does, before it is read: the reader in C has no bound of its own."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEEP:
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            raise SpecRefused(
                [SpecProblem(file=name, line=line, path="(file)", expected="fewer levels in one another")]
            )


def _unreadable(name: str, text: str, error: Exception) -> SpecRefused:
    if isinstance(error, yaml.reader.ReaderError) and (unreadable := _NEVER.search(text)) is not None:
        line = text.count("\n", 0, unreadable.start()) + 1
        return _refused(name, line, f"a character that no file may hold: U+{ord(unreadable[0]):04X}")
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    written = text.splitlines()
    # What is wrong is often on the line before: the reader notices one line later.
    for at in (line, line - 1):
        if 0 < at <= len(written) and (slip := _slip(written[at - 1])) is not None:
            return _refused(name, at, slip)
    said = ", ".join(part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part)
    return _refused(name, line, f"YAML: {said or str(error).splitlines()[0]}"[:200])


def _slip(line: str) -> str | None:
    """Return what a line that can't be read probably has wrong, where the eye does not see it."""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab stands here: expected blanks"
    return stray_mark(line)


def _refused(name: str, line: int, expected: str) -> SpecRefused:
    return SpecRefused([SpecProblem(file=name, line=line, path="(file)", expected=expected)])


def _walk(
    node: yaml.Node,
    path: tuple[str, ...],
    lines: dict[tuple[str, ...], int],
    keys: list[SpecProblem],
    file: str,
) -> None:
    if len(lines) > MOST_PLACES:
        raise SpecRefused([SpecProblem(file=file, line=1, path="(file)", expected="a document a person can read")])
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):  # lists of lists as a key would be written out, however often
                raise SpecRefused([SpecProblem(file=file, line=line, path=".".join(path), expected="a word as key")])
            name = str(key.value)
            if name in seen and name != "<<":
                keys.append(
                    SpecProblem(file=file, line=line, path=".".join((*path, name)), expected="stands here twice")
                )
            if (quoted := quotes_key(name)) is not None:
                keys.append(SpecProblem(file=file, line=line, path=".".join((*path, name)), expected=quoted))
            seen.add(name)
            lines[(*path, name)] = line
            _walk(value, (*path, name), lines, keys, file)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            lines[(*path, str(position))] = item.start_mark.line + 1
            _walk(item, (*path, str(position)), lines, keys, file)
