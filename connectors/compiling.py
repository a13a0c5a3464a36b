"""From the written spec to the compiled system; every problem of a file is collected, none hides another."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from connectors.checks_tables_and_files import check_tables_and_files
from connectors.errors import SpecProblem, SpecRefused
from connectors.expression import CodeTable, Expression, ExpressionRefused, parse
from connectors.filters import FilterRefused
from connectors.mapping import Compiler, MappingProblem, Node, ObjectOf, Room
from connectors.outcomes import OutcomeRule
from connectors.paths import ANSWER_ROOTS, ANSWER_ROW_ROOTS, LIST_ROOTS, LIST_ROW_ROOTS, REQUEST_ROOTS, Roots
from connectors.predicates import Predicate, PredicateRefused, parse_predicate
from connectors.row_results import RowResults
from connectors.spec_models import (
    CallbackSpec,
    CodesSpec,
    OperationSpec,
    OutcomeRuleSpec,
    PollSpec,
    ProbeSpec,
    RequestSpec,
    RowsSpec,
    SystemSpec,
)
from connectors.spec_reconcile import ListRequestSpec, ReconcileSpec
from connectors.spec_reports import AnnouncementSpec, ReportSpec, ResultsSpec
from connectors.system import (
    Callback,
    Operation,
    Poll,
    Probe,
    ReadAnnouncement,
    Reconcile,
    Report,
    Request,
    ResendUnknown,
    Results,
    System,
)
from connectors.yaml_source import YamlSource

_T = TypeVar("_T")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NEVER = Predicate("false", None)
_SECTIONS = ("soap", "exchange_table", "file_batch", "message_queue", "form_post")
"""Transports with a section of their own, named as they are."""


def compile_system(spec: SystemSpec, source: YamlSource) -> System:
    """Return the compiled system.

    Raises:
        SpecRefused: with every problem found.
    """
    run = _Compilation(spec=spec, source=source)
    system = run.system()
    run.check_whole(system)
    if run.problems:
        raise SpecRefused(run.problems)
    return system


@dataclass(slots=True)
class _Compilation:
    spec: SystemSpec
    source: YamlSource
    problems: list[SpecProblem] = field(default_factory=list)
    room: Room = field(default_factory=Room)

    def system(self) -> System:
        spec = self.spec
        tables = {name: _table(codes) for name, codes in spec.codes.items()}
        operations = {
            name: self._operation(name, operation, ("operations", name), tables)
            for name, operation in spec.operations.items()
        }
        return System(
            spec=spec,
            tables=tables,
            operations=operations,
            withdraw=self._operation("withdraw", spec.withdraw, ("withdraw",), tables) if spec.withdraw else None,
            probe=self._probe(spec.probe, tables) if spec.probe else None,
            poll=self._poll(spec.poll, tables) if spec.poll else None,
            callback=self._callback(spec.callback, tables) if spec.callback else None,
            results=self._results(spec.results, tables) if spec.results else None,
            reconcile=self._reconcile(spec.reconcile, tables) if spec.reconcile else None,
        )

    def check_whole(self, system: System) -> None:
        """Rules between the parts: a probe that is promised must be there, an async operation needs a way to its result."""
        for name, operation in system.operations.items():
            place = ("operations", name)
            if operation.manual:
                continue
            if not operation.outcomes:
                self._note((*place, "outcomes"), "expected outcome rules, here or for the whole system")
            if operation.resend_unknown == "probe" and system.probe is None:
                self._note(place, "resend_unknown is probe: expected a probe section")
            if operation.mode == "async" and not (system.poll or system.callback or system.results):
                self._note(place, "an async operation needs a poll, a callback or a results section to hear its result")
        if self.spec.transport == "manual" and any(not o.manual for o in system.operations.values()):
            self._note(("transport",), "manual sends nothing: operations of it have no request")
        for kind in _SECTIONS:
            section = getattr(self.spec, kind)
            if section is None and self.spec.transport == kind:
                self._note((kind,), f"transport {kind}: expected a section of this name")
            if section is not None and self.spec.transport != kind:
                self._note((kind,), f"this section stands with transport: {kind} only")
        check_tables_and_files(self.spec, system, self._note)
        callback = self.spec.callback
        if callback is not None and callback.auth.kind == "sm2_body" and callback.sent_at is None:
            self._note(("callback",), "sm2_body signs no time of its own: expected sent_at, for the time window")
        for n, example in enumerate(self.spec.examples):
            if example.operation not in system.operations:
                self._note(("examples", str(n), "operation"), f"there is no operation {example.operation!r}")
        closed = {name for window in self.spec.availability.maintenance for name in window.operations}
        for name in sorted(closed - set(system.operations)):
            self._note(("availability", "maintenance"), f"unknown operation {name!r}")

    def _operation(
        self, name: str, spec: OperationSpec, place: tuple[str, ...], tables: Mapping[str, CodeTable]
    ) -> Operation:
        if spec.manual == (spec.request is not None):
            self._note(place, "expected a request, or manual: true without one")
        rules, rules_place = (spec.outcomes, place) if spec.outcomes else (self.spec.outcomes, ())
        resend: ResendUnknown = spec.resend_unknown or self.spec.delivery.resend_unknown
        return Operation(
            name=name,
            title=spec.title or name,
            mode=spec.mode,
            request=self._request(spec.request, (*place, "request"), tables) if spec.request else None,
            outcomes=tuple(
                self._rule(rule, (*rules_place, "outcomes", str(n)), tables) for n, rule in enumerate(rules)
            ),
            resend_unknown=resend,
        )

    def _request(self, spec: RequestSpec, place: tuple[str, ...], tables: Mapping[str, CodeTable]) -> Request:
        envelope = self.spec.connection.envelope if spec.enveloped and spec.body is not None else None
        return Request(
            method=spec.method,
            path=self._path(spec.path, (*place, "path"), tables),
            call=spec.call,
            query=self._node(dict(spec.query), (*place, "query"), tables),
            headers=self._node({**self.spec.connection.headers, **spec.headers}, (*place, "headers"), tables),
            body=self._node(spec.body, (*place, "body"), tables) if spec.body is not None else None,
            envelope=self._node(envelope, ("connection", "envelope"), tables, payload=True) if envelope else None,
            required=spec.required,
        )

    def _path(self, text: str, place: tuple[str, ...], tables: Mapping[str, CodeTable]) -> tuple[str | Expression, ...]:
        parts: list[str | Expression] = []
        for n, piece in enumerate(_PLACEHOLDER.split(text)):
            if n % 2 == 0:
                parts.append(piece)
                continue
            expression = self._try(place, partial(parse, piece, roots=REQUEST_ROOTS, tables=tables))
            if expression is not None:
                parts.append(expression)
        return tuple(parts)

    def _probe(self, spec: ProbeSpec, tables: Mapping[str, CodeTable]) -> Probe:
        return Probe(
            request=self._request(spec.request, ("probe", "request"), tables),
            found=self._predicate(spec.found, ("probe", "found")),
            not_found=self._predicate(spec.not_found, ("probe", "not_found")),
            department_number=self._answer(spec.department_number, ("probe", "department_number"), tables),
            status=self._answer(spec.status, ("probe", "status"), tables),
            message=self._answer(spec.message, ("probe", "message"), tables),
            settle_seconds=spec.settle_seconds,
            tries=spec.tries,
            as_answer=spec.as_answer,
        )

    def _poll(self, spec: PollSpec, tables: Mapping[str, CodeTable]) -> Poll:
        return Poll(
            request=self._request(spec.request, ("poll", "request"), tables),
            found=self._predicate(spec.found, ("poll", "found")),
            status=self._needed(spec.status, ("poll", "status"), tables),
            message=self._answer(spec.message, ("poll", "message"), tables),
            department_number=self._answer(spec.department_number, ("poll", "department_number"), tables),
            occurred_at=self._answer(spec.occurred_at, ("poll", "occurred_at"), tables),
            facts=self._facts(spec.facts, ("poll", "facts"), tables),
            every_seconds=spec.every_seconds,
            most_per_tick=spec.most_per_tick,
        )

    def _callback(self, spec: CallbackSpec, tables: Mapping[str, CodeTable]) -> Callback:
        return Callback(
            report=self._report(spec, "callback", tables),
            sent_at=self._answer(spec.sent_at, ("callback", "sent_at"), tables),
            announcements=tuple(
                self._announcement(each, ("callback", "announcements", str(n)), tables)
                for n, each in enumerate(spec.announcements)
            ),
        )

    def _announcement(
        self, spec: AnnouncementSpec, place: tuple[str, ...], tables: Mapping[str, CodeTable]
    ) -> ReadAnnouncement:
        return ReadAnnouncement(
            when=self._predicate(spec.when, (*place, "when")),
            kind=spec.kind,
            event_id=self._needed(spec.event_id, (*place, "event_id"), tables),
            region=self._needed(spec.region, (*place, "region"), tables),
            items=self._facts(spec.items, (*place, "items"), tables),
        )

    def _results(self, spec: ResultsSpec, tables: Mapping[str, CodeTable]) -> Results:
        return Results(report=self._report(spec, "results", tables), every_seconds=spec.every_seconds)

    def _reconcile(self, spec: ReconcileSpec, tables: Mapping[str, CodeTable]) -> Reconcile:
        place = ("reconcile", "request")
        if (spec.request is None) != (self.spec.transport in ("exchange_table", "file_batch")):
            self._note(place, "expected what to ask them; of a table or of files nothing, what stands there is read")
        if self.spec.not_reconciled:
            self._note(("not_reconciled",), "expected either reconcile or why there is none")
        asked = spec.request or ListRequestSpec()
        headers = {**self.spec.connection.headers, **asked.headers}
        envelope = self.spec.connection.envelope if asked.enveloped else None
        request = Request(
            method=asked.method,
            path=(asked.path,),
            call=asked.call,
            query=self._node(dict(asked.query), (*place, "query"), tables, roots=LIST_ROOTS),
            headers=self._node(headers, (*place, "headers"), tables, roots=LIST_ROOTS),
            body=self._node(asked.body, (*place, "body"), tables, roots=LIST_ROOTS) if asked.body else None,
            envelope=self._node(envelope, ("connection", "envelope"), tables, payload=True, roots=LIST_ROOTS)
            if envelope
            else None,
            required=(),
        )

        def of_row(text: str | None, name: str) -> Expression | None:
            return self._read(text, ("reconcile", name), tables, LIST_ROW_ROOTS) if text is not None else None

        return Reconcile(
            request=request,
            found=self._predicate(spec.found, ("reconcile", "found")),
            rows=self._needed(spec.rows, ("reconcile", "rows"), tables),
            our_number=self._read(spec.our_number, ("reconcile", "our_number"), tables, LIST_ROW_ROOTS),
            department_number=of_row(spec.department_number, "department_number"),
            status=of_row(spec.status, "status"),
        )

    def _report(self, spec: ReportSpec, place: str, tables: Mapping[str, CodeTable]) -> Report:
        return Report(
            event_id=self._needed(spec.event_id, (place, "event_id"), tables),
            our_number=self._answer(spec.our_number, (place, "our_number"), tables),
            department_number=self._answer(spec.department_number, (place, "department_number"), tables),
            status=self._needed(spec.status, (place, "status"), tables),
            message=self._answer(spec.message, (place, "message"), tables),
            occurred_at=self._answer(spec.occurred_at, (place, "occurred_at"), tables),
            facts=self._facts(spec.facts, (place, "facts"), tables),
        )

    def _rule(self, spec: OutcomeRuleSpec, place: tuple[str, ...], tables: Mapping[str, CodeTable]) -> OutcomeRule:
        return OutcomeRule(
            when=self._predicate(spec.when, (*place, "when")),
            kind=spec.kind,
            department_number=self._answer(spec.department_number, (*place, "department_number"), tables),
            message=self._answer(spec.message, (*place, "message"), tables),
            retry_after=self._answer(spec.retry_after, (*place, "retry_after"), tables),
            status=self._answer(spec.status, (*place, "status"), tables),
            case=spec.case,
            facts=self._facts(spec.facts, (*place, "facts"), tables),
            rows=self._rows(spec.rows, (*place, "rows"), tables) if spec.rows else None,
        )

    def _rows(self, spec: RowsSpec, place: tuple[str, ...], tables: Mapping[str, CodeTable]) -> RowResults:
        nothing = Expression(path=(), literal="", steps=())

        def of_row(key: str, text: str) -> Expression:
            return self._try((*place, key), lambda: parse(text, roots=ANSWER_ROW_ROOTS, tables=tables)) or nothing

        return RowResults(
            each=self._needed(spec.each, (*place, "each"), tables),
            name=of_row("name", spec.name),
            code=of_row("code", spec.code),
            good=frozenset(spec.good),
            text=of_row("text", spec.text),
        )

    def _facts(
        self, facts: Mapping[str, str], place: tuple[str, ...], tables: Mapping[str, CodeTable]
    ) -> Mapping[str, Expression]:
        return {name: self._needed(text, (*place, name), tables) for name, text in facts.items()}

    def _node(
        self,
        written: object,
        place: tuple[str, ...],
        tables: Mapping[str, CodeTable],
        *,
        payload: bool = False,
        roots: Roots = REQUEST_ROOTS,
    ) -> Node:
        if payload:
            roots = {**roots, "payload": frozenset[str]()}
        compiler = Compiler(roots=roots, tables=tables, fragments=self.spec.fragments, room=self.room)
        try:
            return compiler.compile(written)
        except MappingProblem as problem:
            self._note((*place, *(p for p in problem.path.split(".") if p)), problem.reason)
            return ObjectOf({})

    def _predicate(self, when: str, place: tuple[str, ...]) -> Predicate:
        return self._try(place, lambda: parse_predicate(when)) or _NEVER

    def _answer(self, text: str | None, place: tuple[str, ...], tables: Mapping[str, CodeTable]) -> Expression | None:
        return None if text is None else self._needed(text, place, tables)

    def _needed(self, text: str, place: tuple[str, ...], tables: Mapping[str, CodeTable]) -> Expression:
        return self._read(text, place, tables, ANSWER_ROOTS)

    def _read(self, text: str, place: tuple[str, ...], tables: Mapping[str, CodeTable], roots: Roots) -> Expression:
        nothing = Expression(path=(), literal="", steps=())
        return self._try(place, lambda: parse(text, roots=roots, tables=tables)) or nothing

    def _try(self, place: tuple[str, ...], make: Callable[[], _T]) -> _T | None:
        try:
            return make()
        except (ExpressionRefused, PredicateRefused, FilterRefused) as refused:
            self._note(place, str(refused))
            return None

    def _note(self, place: tuple[str, ...], expected: str) -> None:
        problem = self.source.problem(place, expected)
        if problem not in self.problems:  # shared rules are compiled once per operation
            self.problems.append(problem)


def _table(spec: CodesSpec) -> CodeTable:
    return CodeTable(codes=spec.map, unknown=spec.unknown, other=spec.other)
