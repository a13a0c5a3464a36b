"""What the compiler checks of `form_post` specs: that predicates of pages hold, and that what rules read is on a page."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from connectors.compiling_texts import Note
from connectors.expression import Expression
from connectors.outcomes import OutcomeRule
from connectors.predicates import PredicateRefused, parse_predicate
from connectors.spec_form_post import FormPostSpec
from connectors.system import Report, System

_PAGE: Final = ("fields", "rows", "text")
_READ: Final = re.compile(r"\bbody\.([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_DIGEST: Final = "digest"


def check_pages(spec: FormPostSpec, system: System, note: Note) -> None:
    """Report predicates that are none, and fields and columns that no page has."""
    for name, when in (("succeeded", spec.log_in.succeeded), ("needed", spec.log_in.needed)):
        place: tuple[str, ...] = ("form_post", "log_in", name)
        try:
            parse_predicate(when)
        except PredicateRefused as refused:
            note(place, str(refused))
        else:
            _check_predicate(place, when, spec, note)
    for where, predicate in _predicates(system):
        _check_predicate(where, predicate, spec, note)
    for where, expression in _expressions(system):
        if expression is not None and expression.path[:1] == ("body",):
            _check_path(where, expression.path[1:], spec, note)
    if system.results is not None:
        _check_results(spec, system.results.report, note)


def _check_results(spec: FormPostSpec, report: Report, note: Note) -> None:
    if spec.list_page is None:
        note(("results",), "results of pages are read from a list: expected form_post.list_page")
        return
    known = {*spec.list_page.columns, _DIGEST}
    named = {
        "event_id": report.event_id,
        "our_number": report.our_number,
        "department_number": report.department_number,
        "status": report.status,
        "message": report.message,
        "occurred_at": report.occurred_at,
        **{f"facts.{name}": each for name, each in report.facts.items()},
    }
    for name, expression in named.items():
        path = expression.path if expression is not None else ()
        if path[:1] == ("body",) and (len(path) < 2 or path[1] not in known):
            note(("results", *name.split(".")), _unknown(".".join(path), "row", known))


def _check_predicate(place: tuple[str, ...], when: str, spec: FormPostSpec, note: Note) -> None:
    for found in _READ.finditer(_QUOTED.sub("''", when)):
        _check_path(place, tuple(word for word in found.groups() if word), spec, note)


def _check_path(place: tuple[str, ...], path: tuple[str, ...], spec: FormPostSpec, note: Note) -> None:
    """`path` is what stands behind `body`."""
    if not path:
        return
    if path[0] not in _PAGE:
        note(place, _unknown(f"body.{path[0]}", "page", _PAGE))
    elif path[0] == "fields" and len(path) > 1 and path[1] not in spec.fields:
        note(place, _unknown(f"body.fields.{path[1]}", "fields", spec.fields))
    elif path[0] == "rows" and len(path) > 2 and path[1].isdigit() and spec.list_page is not None:
        known = {*spec.list_page.columns, _DIGEST}
        if path[2] not in known:
            note(place, _unknown(".".join(("body", *path)), "row", known))


def _unknown(path: str, where: str, known: Collection[str]) -> str:
    return f"unknown path {path!r}: {where} has {', '.join(sorted(known)) or 'nothing'}"


def _predicates(system: System) -> Iterator[tuple[tuple[str, ...], str]]:
    for place, rules in _rules(system):
        for n, rule in enumerate(rules):
            yield (*place, str(n), "when"), rule.when.when
    if system.probe is not None:
        yield ("probe", "found"), system.probe.found.when
        yield ("probe", "not_found"), system.probe.not_found.when


def _expressions(system: System) -> Iterator[tuple[tuple[str, ...], Expression | None]]:
    for place, rules in _rules(system):
        for n, rule in enumerate(rules):
            for name in ("department_number", "message", "status"):
                yield (*place, str(n), name), getattr(rule, name)
    if (probe := system.probe) is not None:
        for name in ("department_number", "status", "message"):
            yield ("probe", name), getattr(probe, name)


def _rules(system: System) -> Iterator[tuple[tuple[str, ...], tuple[OutcomeRule, ...]]]:
    """Yield the rules with their place: those of the whole system once, those an operation has of its own there."""
    shared = True
    for name, operation in system.operations.items():
        if system.spec.operations[name].outcomes:
            yield ("operations", name, "outcomes"), operation.outcomes
        elif shared:
            shared = False
            yield ("outcomes",), operation.outcomes
