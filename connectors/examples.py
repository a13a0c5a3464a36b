"""Contract examples: the mapping and the outcome rules held against what was agreed with the department. Pure.

`run_example` needs no network. `drift` compares an answer of the department's test address with the agreed one: what
is missing, what is new, what changed its type. Values may differ from day to day; the shape may not.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from connectors.errors import MappingRefused
from connectors.example_reports import run_reports
from connectors.mismatch import Mismatch
from connectors.outcomes import Answer, Outcome, classify
from connectors.rendering import render
from connectors.spec_examples import ExampleAnswerSpec, ExampleSpec
from connectors.system import Operation, System

_AT: Final = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


def run_examples(system: System) -> tuple[Mismatch, ...]:
    """Return what does not hold of all examples of a system."""
    return tuple(mismatch for example in system.spec.examples for mismatch in run_example(system, example))


def run_example(system: System, example: ExampleSpec) -> Iterator[Mismatch]:
    """Give what does not hold of one example: first the message, then each answer, then what is told later."""
    operation = system.operations.get(example.operation)
    if operation is None or operation.request is None:
        yield Mismatch(example=example.name, place="operation", expected="one that sends", found=example.operation)
        return
    yield from _message(operation, example)
    for number, answer in enumerate(example.answers):
        yield from _meaning(system, operation, example, number, answer)
    yield from run_reports(system, example)


def values_of(example: ExampleSpec, operation: str) -> dict[str, object]:
    """Return the values a mapping reads for an example: what it gives, and fixed ones for the rest."""
    given = dict(example.given)
    if isinstance(notice := given.get("notice"), Mapping) and "case" not in given:
        given["case"] = {"number": notice.get("number", "")}  # as in earnest: a notice's number is its case's
    delivery = {"id": "example", "key": "example", "serial": "0" * 20, "attempt": 1, "created_at": _AT.isoformat()}
    fixed: dict[str, object] = {
        "form": {}, "case": {}, "applicant": {}, "clerk": {}, "materials": [], "attachments": [], "department": {"number": ""},
        "operation": operation, "reason": "", "callback_url": "https://onewindow.example/callbacks",
        "now": _AT, "nonce": "0" * 32,
    }  # fmt: skip
    return {**fixed, **given, "delivery": {**delivery, **given.get("delivery", {})}}


def _message(operation: Operation, example: ExampleSpec) -> Iterator[Mismatch]:
    if operation.request is None:
        return
    try:
        body = render(operation.request, values_of(example, operation.name)).body
    except MappingRefused as refused:
        yield Mismatch(example=example.name, place=f"sends.{refused.target}", expected="a value", found=refused.reason)
        return
    yield from _differences(example.name, "sends", example.sends, body, is_least=True)


def _meaning(
    system: System, operation: Operation, example: ExampleSpec, number: int, agreed: ExampleAnswerSpec
) -> Iterator[Mismatch]:
    answer = Answer(
        http_status=agreed.status, headers=agreed.headers, body=agreed.body, envelope=agreed.body, error=agreed.error
    )
    outcome = classify(operation.outcomes, system.spec.statuses, answer)
    yield from compare_outcome(example.name, f"answers.{number}", agreed, outcome)


def compare_outcome(example: str, place: str, agreed: ExampleAnswerSpec, outcome: Outcome) -> Iterator[Mismatch]:
    """Give where an outcome is not what was agreed: its class, and the department's number where one is named."""
    if outcome.kind is not agreed.kind:
        yield Mismatch(example=example, place=f"{place}.class", expected=agreed.kind.value, found=outcome.kind.value)
    if agreed.department_number is not None and outcome.department_number != agreed.department_number:
        found = "another one" if outcome.department_number else "none"
        yield Mismatch(
            example=example, place=f"{place}.department_number", expected=agreed.department_number, found=found
        )


def drift(example: str, agreed: object, found: object, place: str = "body") -> Iterator[Mismatch]:
    """Give where the shape of `found` differs from the agreed answer's: missing, new, or another type."""
    if isinstance(agreed, Mapping) and isinstance(found, Mapping):
        for key in agreed:
            if key not in found:
                yield Mismatch(example=example, place=f"{place}.{key}", expected=_kind(agreed[key]), found="missing")
            else:
                yield from drift(example, agreed[key], found[key], f"{place}.{key}")
        for key in found:
            if key not in agreed:
                yield Mismatch(example=example, place=f"{place}.{key}", expected="nothing", found=_kind(found[key]))
    elif isinstance(agreed, list) and isinstance(found, list):
        if agreed and found:
            yield from drift(example, agreed[0], found[0], f"{place}[]")
    elif _kind(agreed) != _kind(found):
        yield Mismatch(example=example, place=place, expected=_kind(agreed), found=_kind(found))


def _differences(
    example: str, place: str, expected: object, found: object, *, is_least: bool = False
) -> Iterator[Mismatch]:
    """Give where `found` lacks or contradicts `expected`; more keys than expected, or with `is_least` more rows, differ not."""
    if isinstance(expected, Mapping):
        inner = found if isinstance(found, Mapping) else {}
        for key, value in expected.items():
            yield from _differences(example, f"{place}.{key}", value, inner.get(key))
    elif isinstance(expected, list) and isinstance(found, list) and (is_least or len(expected) == len(found)):
        for number, value in enumerate(expected):
            if number >= len(found):
                yield Mismatch(example=example, place=f"{place}.{number}", expected="a row", found="nothing")
                return
            yield from _differences(example, f"{place}.{number}", value, found[number])
    elif expected != found:
        yield Mismatch(example=example, place=place, expected=repr(expected), found=_kind(found))


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object"
        case _:
            return "a list"
