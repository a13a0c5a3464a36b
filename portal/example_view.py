"""A contract example as it is shown: what was given, what is sent, how each answer is understood, and where it differs. Pure."""

import json
from dataclasses import dataclass

from connectors.errors import MappingRefused
from connectors.examples import run_example, values_of
from connectors.mismatch import Mismatch
from connectors.outcomes import Answer, classify
from connectors.rendering import render
from connectors.spec_examples import ExampleAnswerSpec, ExampleSpec
from connectors.system import Operation, System


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One answer of the department's: what it says, the class agreed, the class seen."""

    said: str
    agreed: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleView:
    """One example. `expected` is the least the message must hold, `sent` the whole message, both as JSON."""

    name: str
    operation: str
    given: str
    expected: str
    sent: str
    refused: str
    answers: tuple[AnswerView, ...]
    mismatches: tuple[Mismatch, ...]


def example_views(system: System) -> tuple[ExampleView, ...]:
    """Run all examples of `system`; nothing is sent."""
    return tuple(_view(system, example) for example in system.spec.examples)


def _view(system: System, example: ExampleSpec) -> ExampleView:
    operation = system.operations.get(example.operation)
    sent, refused = _sent(operation, example)
    return ExampleView(
        name=example.name,
        operation=example.operation,
        given=_json(example.given),
        expected=_json(example.sends),
        sent=sent,
        refused=refused,
        answers=tuple(_answer(system, operation, each) for each in example.answers) if operation else (),
        mismatches=tuple(run_example(system, example)),
    )


def _sent(operation: Operation | None, example: ExampleSpec) -> tuple[str, str]:
    if operation is None or operation.request is None:
        return "", ""
    try:
        return _json(render(operation.request, values_of(example, operation.name)).body), ""
    except MappingRefused as refused:
        return "", f"{refused.target}: {refused.reason}"


def _answer(system: System, operation: Operation, agreed: ExampleAnswerSpec) -> AnswerView:
    answer = Answer(
        http_status=agreed.status, headers=agreed.headers, body=agreed.body, envelope=agreed.body, error=agreed.error
    )
    said = agreed.error or f"{agreed.status} {_json(agreed.body, indent=None) if agreed.body is not None else ''}"
    seen = classify(operation.outcomes, system.spec.statuses, answer).kind
    return AnswerView(said=said.strip(), agreed=agreed.kind.value, seen=seen.value)


def _json(value: object, indent: int | None = 2) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
