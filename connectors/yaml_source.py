"""Read a YAML file and remember at which line each key stands, so that a refusal can point at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from connectors.errors import SpecProblem, SpecRefused

# The loader in C reads the specs in a tenth of the time; it is missing from a PyYAML built without libyaml.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NO_SUCH_VALUE: Final = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
"""What the loader raises for `2026-99-99`, which looks like a date, for `!!bool maybe` and for `!!int ""`."""
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
        near = path
        while near and near not in self.lines:
            near = near[:-1]
        return SpecProblem(
            file=self.file, line=self.lines.get(near, 1), path=".".join(path) or "(file)", expected=expected
        )


def read(file: Path) -> YamlSource:
    """Return the file's document.

    Raises:
        SpecRefused: it is not YAML, or a key stands twice in one object.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(file.name, error) from None
    return parse(text, file.name)


def parse(text: str, name: str) -> YamlSource:
    """Return the document of a text; `name` stands in problems where a file's name would.

    Raises:
        SpecRefused: it is not YAML, or a key stands twice in one object.
    """
    try:
        _check_depth(text, name)
        node = yaml.compose(text, Loader=_LOADER)
        lines: dict[tuple[str, ...], int] = {}
        twice: list[SpecProblem] = []
        if node is not None:
            _walk(node, (), lines, twice, name)
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506  # both are the safe ones
    except (yaml.YAMLError, RecursionError, *_NO_SUCH_VALUE) as error:
        raise _unreadable(name, error) from None
    if twice:
        raise SpecRefused(twice)
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


def _unreadable(name: str, error: Exception) -> SpecRefused:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return SpecRefused(
        [SpecProblem(file=name, line=line, path="(file)", expected=f"YAML: {error}".splitlines()[0][:200])]
    )


def _walk(
    node: yaml.Node,
    path: tuple[str, ...],
    lines: dict[tuple[str, ...], int],
    twice: list[SpecProblem],
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
                twice.append(
                    SpecProblem(file=file, line=line, path=".".join((*path, name)), expected="stands here twice")
                )
            seen.add(name)
            lines[(*path, name)] = line
            _walk(value, (*path, name), lines, twice, file)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            lines[(*path, str(position))] = item.start_mark.line + 1
            _walk(item, (*path, str(position)), lines, twice, file)
