"""What the compiler checks of `exchange_table` and `file_batch` specs: that mappings and rules name what is there."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from connectors.compiling_texts import Note
from connectors.mapping import Flow
from connectors.predicates import PredicateRefused
from connectors.spec_models import SystemSpec
from connectors.system import Operation, System
from connectors.transports.files.restating import restatements

MOST_AT_ONCE: Final = 64
"""Deliveries of one system on their way in one worker, where each has a connection of its own."""


def check_tables_and_files(spec: SystemSpec, system: System, note: Note) -> None:
    """Report what is wrong to `note` (place in the file, what was expected)."""
    if spec.exchange_table is not None:
        check_mapped(system, spec.exchange_table.out.columns, note)
    else:
        _check_unsealed(system, note)
    if spec.file_batch is None and spec.delivery.concurrency > MOST_AT_ONCE:
        note(("delivery", "concurrency"), f"at most {MOST_AT_ONCE}: only batch files take more together")
    if spec.file_batch is not None:
        check_mapped(system, [field.name for field in spec.file_batch.fields], note)
        try:
            restatements(spec.file_batch)
        except PredicateRefused as refused:
            note(("file_batch", "receipt", "restate"), str(refused))


def check_mapped(system: System, known: Collection[str], note: Note) -> None:
    """Report fields of a mapping, and mandatory ones, that the table or the line does not have."""
    for place, operation in _operations(system):
        request = operation.request
        if request is None:
            continue
        mapped = {_field(flow.target) for flow in _flows(operation)}
        for name in sorted(mapped - set(known)):
            note((*place, "request", "body"), f"{name!r} is not among the declared columns or fields")
        for required in request.required:
            if _field(required) not in known:
                note((*place, "request", "required"), f"{required!r} is not among the declared columns or fields")


def _check_unsealed(system: System, note: Note) -> None:
    for place, operation in _operations(system):
        if any("sm4" in flow.filters for flow in _flows(operation)):
            note((*place, "request", "body"), "the filter sm4 seals columns of exchange tables only")


def _operations(system: System) -> Iterator[tuple[tuple[str, ...], Operation]]:
    for name, operation in system.operations.items():
        yield ("operations", name), operation
    if system.withdraw is not None:
        yield ("withdraw",), system.withdraw


def _flows(operation: Operation) -> Iterable[Flow]:
    request = operation.request
    return () if request is None or request.body is None else request.body.flows("")


def _field(target: str) -> str:
    return target.removeprefix("[].").partition(".")[0].removesuffix("[]")
