"""A department system as its YAML declares it, checked and compiled: `load_systems(config/systems)`.

Paths, filters, code tables, fragments and predicates are all resolved when a spec is loaded, and whatever is unknown
stops the start with file, line, path and what was expected. The shape is in `connectors.spec_models`, the compiled
objects in `connectors.system`, the language in docs/connectors.md.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from connectors import blanks, secrets_in_clear, wsdl
from connectors.compiling import compile_system
from connectors.errors import SpecProblem, SpecRefused
from connectors.expression import Expression
from connectors.mapping import Flow
from connectors.spec_models import SystemSpec
from connectors.system import Operation, System
from connectors.yaml_source import YamlSource, parse, read

__all__ = ["Operation", "System", "SystemSpec", "data_flow", "load_system", "load_systems", "parse_system"]


def data_flow(operation: Operation) -> tuple[Flow, ...]:
    """Return which paths of ours feed which fields of theirs, in the order of the message."""
    request = operation.request
    if request is None:
        return ()
    flows = list(request.query.flows("?")) + list(request.headers.flows("header"))
    flows += [
        Flow(target="path", sources=(part.source,), filters=tuple(step.name for step in part.steps))
        for part in request.path
        if isinstance(part, Expression) and part.source
    ]
    if request.body is not None:
        flows += request.body.flows("")
    if request.envelope is not None:
        flows += request.envelope.flows("envelope")
    return tuple(flows)


def load_systems(directory: Path) -> Mapping[str, System]:
    """Return every system declared in `directory`, by id, in the order of the file names.

    Raises:
        SpecRefused: with every problem of every file.
    """
    systems: dict[str, System] = {}
    problems: list[SpecProblem] = []
    for file in sorted(directory.glob("*.yaml")):
        try:
            system = load_system(file)
        except SpecRefused as refused:
            problems.extend(refused.problems)
            continue
        systems[system.id] = system
    if problems:
        raise SpecRefused(problems)
    return MappingProxyType(systems)


def load_system(file: Path, *, named: bool = True) -> System:
    """Return the system declared in `file`; its id is the file's name, unless `named` is False.

    Raises:
        SpecRefused: with every problem of the file.
    """
    source = read(file)
    spec = _spec(source)
    if named and spec.id != file.stem:
        raise SpecRefused([source.problem(("id",), f"the id is the file's name: {file.stem}")])
    return _compiled(spec, source, installed_contracts(file.parent))


def parse_system(text: str, *, name: str, system: str = "", contract: bytes | None = None) -> System:
    """Return the system a text declares; `contract` is the WSDL it names, `name` how problems call the text.

    Raises:
        SpecRefused: with every problem of the text; also when it is of another system than `system`.
    """
    source = parse(text, name)
    spec = _spec(source)
    if system and spec.id != system:
        raise SpecRefused([source.problem(("id",), f"the id of the system it is registered for: {system}")])
    return _compiled(spec, source, lambda _file: contract)


def installed_contracts(directory: Path) -> wsdl.Contracts:
    """Return how the contracts in `directory`/wsdl are read, by name; None for one that is not there."""

    def contract(name: str) -> bytes | None:
        # A name, never a way out of the directory: it may come from a text somebody typed.
        file = directory / "wsdl" / Path(name).name
        return file.read_bytes() if name == file.name and file.is_file() else None

    return contract


def _compiled(spec: SystemSpec, source: YamlSource, contracts: wsdl.Contracts) -> System:
    system = compile_system(spec, source)
    if problems := [*wsdl.problems_of(system, source, contracts), *secrets_in_clear.problems_of(source)]:
        raise SpecRefused(problems)
    return system


def _spec(source: YamlSource) -> SystemSpec:
    left = blanks.problems_of(source)
    try:
        spec = SystemSpec.model_validate(source.document)
    except ValidationError as error:
        found = [
            source.problem(tuple(str(part) for part in problem["loc"]), _expected(problem["type"], problem["msg"]))
            for problem in error.errors(include_input=False, include_url=False)
        ]
        # A blank says what belongs there; that it is not yet what was expected says nothing more.
        blank_lines = {problem.line for problem in left}
        raise SpecRefused([*left, *(problem for problem in found if problem.line not in blank_lines)]) from None
    if left:
        raise SpecRefused(left)
    return spec


def _expected(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such key here"
    return message.removeprefix("Value error, ")
