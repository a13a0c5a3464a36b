"""From the written spec to the compiled system; every problem of a file is collected, none hides another."""

from dataclasses import dataclass
from functools import partial

from connectors.checks_between_parts import check_between_parts
from connectors.compiling_texts import Place, Texts
from connectors.errors import SpecRefused
from connectors.expression import Expression
from connectors.outcomes import OutcomeRule
from connectors.paths import (
    ANSWER_ROOTS,
    ANSWER_ROW_ROOTS,
    ASKED_ROOTS,
    FILE_ROOTS,
    LIST_ROOTS,
    LIST_ROW_ROOTS,
    REQUEST_ROOTS,
    Roots,
)
from connectors.row_results import RowResults
from connectors.spec_models import (
    CallbackSpec,
    OperationSpec,
    OutcomeRuleSpec,
    PollSpec,
    ProbeSpec,
    PutSpec,
    RequestSpec,
    RowsSpec,
    SystemSpec,
    UploadSpec,
)
from connectors.spec_reconcile import ListRequestSpec, ReconcileSpec
from connectors.spec_reports import AnnouncementSpec, ReportSpec, ResultsSpec
from connectors.system import (
    Callback,
    Operation,
    Poll,
    Probe,
    Put,
    ReadAnnouncement,
    Reconcile,
    Report,
    Request,
    ResendUnknown,
    Results,
    System,
    Upload,
)
from connectors.yaml_source import YamlSource


def compile_system(spec: SystemSpec, source: YamlSource) -> System:
    """Return the compiled system.

    Raises:
        SpecRefused: with every problem found.
    """
    texts = Texts(spec=spec, source=source)
    system = _Compilation(spec=spec, texts=texts).system()
    check_between_parts(spec, system, texts.note)
    if texts.problems:
        raise SpecRefused(texts.problems)
    return system


@dataclass(frozen=True, slots=True)
class _Compilation:
    spec: SystemSpec
    texts: Texts

    def system(self) -> System:
        spec = self.spec
        return System(
            spec=spec,
            tables=self.texts.tables,
            operations={
                name: self._operation(name, operation, ("operations", name))
                for name, operation in spec.operations.items()
            },
            withdraw=self._operation("withdraw", spec.withdraw, ("withdraw",)) if spec.withdraw else None,
            probe=self._probe(spec.probe) if spec.probe else None,
            poll=self._poll(spec.poll) if spec.poll else None,
            callback=self._callback(spec.callback) if spec.callback else None,
            results=self._results(spec.results) if spec.results else None,
            reconcile=self._reconcile(spec.reconcile) if spec.reconcile else None,
            upload=self._upload(spec.attachments.upload) if spec.attachments and spec.attachments.upload else None,
        )

    # ---- what is sent, and what an answer to it means ----

    def _operation(self, name: str, spec: OperationSpec, place: Place) -> Operation:
        if spec.manual == (spec.request is not None):
            self.texts.note(place, "expected a request, or manual: true without one")
        rules, rules_place = (spec.outcomes, place) if spec.outcomes else (self.spec.outcomes, ())
        resend: ResendUnknown = spec.resend_unknown or self.spec.delivery.resend_unknown
        return Operation(
            name=name,
            title=spec.title or name,
            mode=spec.mode,
            request=self._request(spec.request, (*place, "request")) if spec.request else None,
            outcomes=tuple(self._rule(rule, (*rules_place, "outcomes", str(n))) for n, rule in enumerate(rules)),
            resend_unknown=resend,
        )

    def _request(self, spec: RequestSpec, place: Place, roots: Roots = REQUEST_ROOTS) -> Request:
        node = partial(self.texts.node, roots=roots)
        envelope = self.spec.connection.envelope if spec.enveloped and spec.body is not None else None
        return Request(
            method=spec.method,
            path=self.texts.path(spec.path, (*place, "path"), roots),
            call=spec.call,
            query=node(dict(spec.query), (*place, "query")),
            headers=node({**self.spec.connection.headers, **spec.headers}, (*place, "headers")),
            body=node(spec.body, (*place, "body")) if spec.body is not None else None,
            envelope=node(envelope, ("connection", "envelope"), payload=True) if envelope else None,
            required=spec.required,
            most=spec.most,
        )

    def _rule(self, spec: OutcomeRuleSpec, place: Place) -> OutcomeRule:
        answer = self.texts.answer
        return OutcomeRule(
            when=self.texts.predicate(spec.when, (*place, "when")),
            kind=spec.kind,
            department_number=answer(spec.department_number, (*place, "department_number")),
            message=answer(spec.message, (*place, "message")),
            retry_after=answer(spec.retry_after, (*place, "retry_after")),
            status=answer(spec.status, (*place, "status")),
            case=spec.case,
            facts=self.texts.facts(spec.facts, (*place, "facts")),
            rows=self._rows(spec.rows, (*place, "rows")) if spec.rows else None,
        )

    def _rows(self, spec: RowsSpec, place: Place) -> RowResults:
        of_row = partial(self.texts.read, roots=ANSWER_ROW_ROOTS)
        return RowResults(
            each=self.texts.needed(spec.each, (*place, "each")),
            name=of_row(spec.name, (*place, "name")),
            code=of_row(spec.code, (*place, "code")),
            good=frozenset(spec.good),
            text=of_row(spec.text, (*place, "text")),
        )

    def _upload(self, spec: UploadSpec) -> Upload:
        place: Place = ("attachments", "upload")
        rules, rules_place = (spec.outcomes, place) if spec.outcomes else (self.spec.outcomes, ())
        return Upload(
            operation=Operation(
                name="attachment",
                title="",
                mode="sync",
                request=self._request(spec.request, (*place, "request"), FILE_ROOTS),
                outcomes=tuple(self._rule(rule, (*rules_place, "outcomes", str(n))) for n, rule in enumerate(rules)),
                resend_unknown="dedupe",
            ),
            taken=self.texts.predicate(spec.taken, (*place, "taken")),
            reference=self.texts.needed(spec.reference, (*place, "reference")),
            keep_seconds=spec.keep_seconds,
            put=self._put(spec.put, (*place, "put")) if spec.put else None,
        )

    def _put(self, spec: PutSpec, place: Place) -> Put:
        return Put(
            path=self.texts.needed(spec.path, (*place, "path")),
            stored=self.texts.predicate(spec.stored, (*place, "stored")),
        )

    # ---- what is asked ----

    def _probe(self, spec: ProbeSpec) -> Probe:
        answer = self.texts.answer
        return Probe(
            request=self._request(spec.request, ("probe", "request")),
            found=self.texts.predicate(spec.found, ("probe", "found")),
            not_found=self.texts.predicate(spec.not_found, ("probe", "not_found")),
            department_number=answer(spec.department_number, ("probe", "department_number")),
            status=answer(spec.status, ("probe", "status")),
            message=answer(spec.message, ("probe", "message")),
            settle_seconds=spec.settle_seconds,
            tries=spec.tries,
            as_answer=spec.as_answer,
        )

    def _poll(self, spec: PollSpec) -> Poll:
        asks, reads = (REQUEST_ROOTS, ANSWER_ROOTS) if spec.rows is None else (ASKED_ROOTS, ANSWER_ROW_ROOTS)
        answer = partial(self.texts.answer, roots=reads)
        return Poll(
            request=self._request(spec.request, ("poll", "request"), asks),
            found=self.texts.predicate(spec.found, ("poll", "found")),
            rows=self.texts.answer(spec.rows, ("poll", "rows")),
            our_number=answer(spec.our_number, ("poll", "our_number")),
            at_once=spec.at_once,
            status=self.texts.read(spec.status, ("poll", "status"), reads),
            message=answer(spec.message, ("poll", "message")),
            department_number=answer(spec.department_number, ("poll", "department_number")),
            occurred_at=answer(spec.occurred_at, ("poll", "occurred_at")),
            facts=self.texts.facts(spec.facts, ("poll", "facts"), reads),
            every_seconds=spec.every_seconds,
            most_per_tick=spec.most_per_tick,
        )

    def _reconcile(self, spec: ReconcileSpec) -> Reconcile:
        if self.spec.not_reconciled:
            self.texts.note(("not_reconciled",), "expected either reconcile or why there is none")
        of_row = partial(self._of_list_row, place="reconcile")
        return Reconcile(
            request=self._list_request(spec, ("reconcile", "request")),
            found=self.texts.predicate(spec.found, ("reconcile", "found")),
            rows=self.texts.needed(spec.rows, ("reconcile", "rows")),
            our_number=self.texts.read(spec.our_number, ("reconcile", "our_number"), LIST_ROW_ROOTS),
            department_number=of_row(spec.department_number, "department_number"),
            status=of_row(spec.status, "status"),
        )

    def _of_list_row(self, text: str | None, name: str, *, place: str) -> Expression | None:
        return self.texts.read(text, (place, name), LIST_ROW_ROOTS) if text is not None else None

    def _list_request(self, spec: ReconcileSpec, place: Place) -> Request:
        if (spec.request is None) != (self.spec.transport in ("exchange_table", "file_batch")):
            self.texts.note(
                place, "expected what to ask them; of a table or of files nothing, what stands there is read"
            )
        asked = spec.request or ListRequestSpec()
        node = partial(self.texts.node, roots=LIST_ROOTS)
        envelope = self.spec.connection.envelope if asked.enveloped else None
        return Request(
            method=asked.method,
            path=(asked.path,),
            call=asked.call,
            query=node(dict(asked.query), (*place, "query")),
            headers=node({**self.spec.connection.headers, **asked.headers}, (*place, "headers")),
            body=node(asked.body, (*place, "body")) if asked.body else None,
            envelope=node(envelope, ("connection", "envelope"), payload=True) if envelope else None,
            required=(),
        )

    # ---- what they say of their own accord ----

    def _callback(self, spec: CallbackSpec) -> Callback:
        return Callback(
            report=self._report(spec, "callback"),
            sent_at=self.texts.answer(spec.sent_at, ("callback", "sent_at")),
            announcements=tuple(
                self._announcement(each, ("callback", "announcements", str(n)))
                for n, each in enumerate(spec.announcements)
            ),
        )

    def _announcement(self, spec: AnnouncementSpec, place: Place) -> ReadAnnouncement:
        return ReadAnnouncement(
            when=self.texts.predicate(spec.when, (*place, "when")),
            kind=spec.kind,
            event_id=self.texts.needed(spec.event_id, (*place, "event_id")),
            region=self.texts.needed(spec.region, (*place, "region")),
            items=self.texts.facts(spec.items, (*place, "items")),
        )

    def _results(self, spec: ResultsSpec) -> Results:
        return Results(report=self._report(spec, "results"), every_seconds=spec.every_seconds)

    def _report(self, spec: ReportSpec, place: str) -> Report:
        answer = self.texts.answer
        return Report(
            event_id=self.texts.needed(spec.event_id, (place, "event_id")),
            our_number=answer(spec.our_number, (place, "our_number")),
            department_number=answer(spec.department_number, (place, "department_number")),
            status=self.texts.needed(spec.status, (place, "status")),
            message=answer(spec.message, (place, "message")),
            occurred_at=answer(spec.occurred_at, (place, "occurred_at")),
            facts=self.texts.facts(spec.facts, (place, "facts")),
        )
