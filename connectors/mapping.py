"""The mapping language: what the department's message looks like, leaf by leaf.

A mapping is written as the message itself. A text is an expression (`connectors.expression`); a number, true, false and
null stand for themselves; an object maps its keys; a list is built item by item. Words with a dollar do the rest:

    $const: any           the value as it is written
    $use: [agent, bank]   the keys of these fragments, beside the object's own
    $each: path           one item per row of a list, made by `$as`, where `row.x` and `position` can be read
    $first: [a, b]        the first that is not empty
    $join: [a, b]         joined with `$with`
    $if: expression       `$then` when it is not empty and not false, else `$else`
    $payload: true        inside the envelope: the operation's own body

What is empty is left out, unless `| keep` says otherwise. Everything is compiled when the spec is loaded, so which
field of ours feeds which field of theirs is computed (`flows`), never guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from connectors.errors import MappingRefused
from connectors.expression import CodeTable, Expression, ExpressionRefused, parse
from connectors.filters import KEEP, FilterRefused, is_empty
from connectors.paths import EACH_ROOTS, Roots

Values = Mapping[str, object]
_DIRECTIVES: Final = {
    "$const": frozenset({"$const"}),
    "$each": frozenset({"$each", "$as"}),
    "$first": frozenset({"$first"}),
    "$join": frozenset({"$join", "$with"}),
    "$if": frozenset({"$if", "$then", "$else"}),
    "$payload": frozenset({"$payload"}),
}


class MappingProblem(Exception):
    """Raised while compiling; `path` is the place inside the mapping, `reason` what was expected there.

    Where a mapping uses a `fragment`, the place is inside that one, for there it is written.
    """

    def __init__(self, path: str, reason: str, *, fragment: str = "") -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.fragment = fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One field of theirs and the paths of ours that feed it; a constant has no sources.

    `when` are the paths that decide whether it is sent at all ($if without $else, $each over a list).
    """

    target: str
    sources: tuple[str, ...]
    filters: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


class Node(Protocol):
    """A compiled piece of a mapping."""

    def render(self, values: Values, target: str) -> object:
        """Return the value for `values`.

        Raises:
            MappingRefused: naming `target`, the place in the department's message.
        """

    def flows(self, target: str) -> Iterator[Flow]: ...


@dataclass(frozen=True, slots=True)
class Constant:
    value: object

    def render(self, values: Values, target: str) -> object:
        return KEEP if self.value is None else self.value

    def flows(self, target: str) -> Iterator[Flow]:
        yield Flow(target=target, sources=())


@dataclass(frozen=True, slots=True)
class Leaf:
    expression: Expression

    def render(self, values: Values, target: str) -> object:
        try:
            return self.expression.evaluate(values)
        except FilterRefused as refused:
            raise MappingRefused(target, str(refused)) from None

    def flows(self, target: str) -> Iterator[Flow]:
        source = self.expression.source
        names = tuple(step.name for step in self.expression.steps)
        yield Flow(target=target, sources=(source,) if source else (), filters=names)


@dataclass(frozen=True, slots=True)
class ObjectOf:
    members: Mapping[str, Node]

    def render(self, values: Values, target: str) -> object:
        rendered: dict[str, object] = {}
        for key, node in self.members.items():
            value = node.render(values, f"{target}.{key}" if target else key)
            if value is KEEP:
                rendered[key] = None
            elif not is_empty(value):
                rendered[key] = value
        return rendered

    def flows(self, target: str) -> Iterator[Flow]:
        for key, node in self.members.items():
            yield from node.flows(f"{target}.{key}" if target else key)


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Node, ...]

    def render(self, values: Values, target: str) -> object:
        rendered = [item.render(values, f"{target}.{n}") for n, item in enumerate(self.items)]
        return [None if value is KEEP else value for value in rendered if not is_empty(value)]

    def flows(self, target: str) -> Iterator[Flow]:
        for n, item in enumerate(self.items):
            yield from item.flows(f"{target}.{n}")


@dataclass(frozen=True, slots=True)
class Each:
    rows: Expression
    item: Node

    def render(self, values: Values, target: str) -> object:
        rows = self.rows.evaluate(values)
        if is_empty(rows):
            return None
        if not isinstance(rows, Sequence) or isinstance(rows, str):
            raise MappingRefused(target, "expected a list")
        return [
            self.item.render({**values, "row": row, "position": n}, f"{target}.{n - 1}")
            for n, row in enumerate(rows, 1)
        ]

    def flows(self, target: str) -> Iterator[Flow]:
        for flow in self.item.flows(f"{target}[]"):
            yield Flow(
                target=flow.target,
                sources=tuple(
                    s.replace("row", self.rows.source, 1) if s.startswith("row") else s for s in flow.sources
                ),
                filters=flow.filters,
                when=(self.rows.source, *flow.when),
            )


@dataclass(frozen=True, slots=True)
class First:
    options: tuple[Node, ...]

    def render(self, values: Values, target: str) -> object:
        for option in self.options:
            value = option.render(values, target)
            if not is_empty(value):
                return value
        return None

    def flows(self, target: str) -> Iterator[Flow]:
        yield _merged(target, self.options)


@dataclass(frozen=True, slots=True)
class Joined:
    parts: tuple[Node, ...]
    separator: str

    def render(self, values: Values, target: str) -> object:
        rendered = [part.render(values, target) for part in self.parts]
        return self.separator.join(str(value) for value in rendered if not is_empty(value) and value is not KEEP)

    def flows(self, target: str) -> Iterator[Flow]:
        yield _merged(target, self.parts)


@dataclass(frozen=True, slots=True)
class If:
    condition: Expression
    then: Node
    otherwise: Node

    def render(self, values: Values, target: str) -> object:
        value = self.condition.evaluate(values)
        chosen = self.otherwise if is_empty(value) or value is False else self.then
        return chosen.render(values, target)

    def flows(self, target: str) -> Iterator[Flow]:
        source = (self.condition.source,) if self.condition.source else ()
        branches = [self.then]
        if not (isinstance(self.otherwise, Constant) and self.otherwise.value == ""):
            branches.append(self.otherwise)
        for branch in branches:
            for flow in branch.flows(target):
                yield replace(flow, when=(*source, *flow.when))


@dataclass(frozen=True, slots=True)
class Payload:
    """Where the envelope takes the operation's own body."""

    def render(self, values: Values, target: str) -> object:
        return values["payload"]

    def flows(self, target: str) -> Iterator[Flow]:
        return iter(())


def _merged(target: str, nodes: Sequence[Node]) -> Flow:
    flows = [flow for node in nodes for flow in node.flows(target)]
    return Flow(
        target=target,
        sources=tuple(dict.fromkeys(source for flow in flows for source in flow.sources)),
        filters=tuple(dict.fromkeys(name for flow in flows for name in flow.filters)),
    )


MOST_NODES: Final = 50_000
"""Of one spec, a hundred times the largest: fragments that use fragments twice over double with every line."""


@dataclass(slots=True)
class Room:
    """How many nodes the mappings of one spec may still have."""

    left: int = MOST_NODES

    def take(self, path: str) -> None:
        """Take the place of one node.

        Raises:
            MappingProblem: there is none left.
        """
        self.left -= 1
        if self.left < 0:
            raise MappingProblem(path, "a document a person can read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Turns the written mapping into nodes; everything unknown is refused with its place."""

    roots: Roots
    tables: Mapping[str, CodeTable]
    fragments: Mapping[str, object]
    room: Room = field(default_factory=Room)

    def compile(self, written: object, path: str = "", using: tuple[str, ...] = ()) -> Node:
        """Return the node for `written`.

        Raises:
            MappingProblem: with the place inside the mapping.
        """
        self.room.take(path)
        match written:
            case str():
                return Leaf(self._expression(written, path))
            case None | bool() | int() | float():
                return Constant(written)
            case list():
                return ListOf(tuple(self.compile(item, f"{path}.{n}", using) for n, item in enumerate(written)))
            case dict():
                return self._object(written, path, using)
            case _:
                kind = type(written).__name__
                raise MappingProblem(
                    path, f"a mapping holds texts, numbers, lists and objects, not {kind} (quote a date)"
                )

    def _object(self, written: Mapping[str, object], path: str, using: tuple[str, ...]) -> Node:
        for directive, words in _DIRECTIVES.items():
            if directive in written:
                if extra := set(written) - words:
                    raise MappingProblem(
                        path, f"{directive} stands with {', '.join(sorted(words))} only, not {extra.pop()!r}"
                    )
                return self._directive(directive, written, path, using)
        members = dict(self._used(written.get("$use", []), path, using))
        for key, value in written.items():
            if key == "$use":
                continue
            if key.startswith("$"):
                raise MappingProblem(
                    f"{path}.{key}".lstrip("."), f"unknown word: there are $use, {', '.join(_DIRECTIVES)}"
                )
            members[key] = self.compile(value, f"{path}.{key}".lstrip("."), using)
        return ObjectOf(members)

    def _used(self, names: object, path: str, using: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
        for name in names if isinstance(names, list) else [names]:
            place = f"{path}.$use".lstrip(".")
            if not isinstance(name, str) or name not in self.fragments:
                raise MappingProblem(
                    place, f"unknown fragment {name!r}: there are {', '.join(sorted(self.fragments)) or 'none'}"
                )
            if name in using:
                raise MappingProblem(place, f"fragment {name!r} uses itself")
            node = self._fragment(name, path, using)
            if not isinstance(node, ObjectOf):
                raise MappingProblem(place, f"fragment {name!r} is not an object")
            yield from node.members.items()

    def _fragment(self, name: str, path: str, using: tuple[str, ...]) -> Node:
        try:
            return self.compile(self.fragments[name], path, (*using, name))
        except MappingProblem as problem:
            if problem.fragment:
                raise
            inside = problem.path.removeprefix(path).lstrip(".")
            raise MappingProblem(inside, problem.reason, fragment=name) from None

    def _directive(self, directive: str, written: Mapping[str, object], path: str, using: tuple[str, ...]) -> Node:
        match directive:
            case "$const":
                return Constant(written["$const"])
            case "$each":
                roots = {**self.roots, **EACH_ROOTS}
                rows = Compiler(roots=roots, tables=self.tables, fragments=self.fragments, room=self.room)
                return Each(
                    self._expression(written["$each"], path), rows.compile(written.get("$as"), f"{path}.$as", using)
                )
            case "$first":
                return First(self._nodes(written["$first"], f"{path}.$first", using))
            case "$join":
                return Joined(self._nodes(written["$join"], f"{path}.$join", using), str(written.get("$with", "")))
            case "$if":
                then = self.compile(written.get("$then"), f"{path}.$then", using)
                otherwise = (
                    self.compile(written["$else"], f"{path}.$else", using) if "$else" in written else Constant("")
                )
                return If(self._expression(written["$if"], path), then, otherwise)
            case _:
                if "payload" not in self.roots:
                    raise MappingProblem(path, "$payload stands in the envelope only")
                return Payload()

    def _nodes(self, written: object, path: str, using: tuple[str, ...]) -> tuple[Node, ...]:
        if not isinstance(written, list) or not written:
            raise MappingProblem(path, "expected a list")
        return tuple(self.compile(item, f"{path}.{n}", using) for n, item in enumerate(written))

    def _expression(self, written: object, path: str) -> Expression:
        if not isinstance(written, str):
            raise MappingProblem(path, "expected an expression")
        try:
            return parse(written, roots=self.roots, tables=self.tables)
        except ExpressionRefused as refused:
            raise MappingProblem(path, str(refused)) from None
