"""/systems/{id}/examples: the contract in examples, what the department's test address last answered, and a run now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.dry_run import DryRun, dry_run
from connectors.errors import NotPermitted
from connectors.examples import values_of
from connectors.outcomes import StatusWord
from connectors.redaction import Redactor
from connectors.spec_examples import ExampleAnswerSpec, ExampleReportSpec, ExampleSpec
from connectors.system import System
from connectors.trial import READ_BACK, Trial, TrialResult, TrialState
from matters.case import CaseStatus
from matters.citizen_words import STATUS_NAMES
from matters.policy import may_run_systems, may_see_systems
from portal.guards import checked_form, signed_in
from portal.library import local
from portal.pages.systems_view import OUTCOMES
from portal.people import Person
from portal.refusals import Conflicting, NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _, marked

STATES: Mapping[TrialState, tuple[str, str, str]] = {
    TrialState.HOLDS: (marked("与约定一致"), "ok", "circle-check"),
    TrialState.DRIFT: (marked("与约定不同"), "danger", "alert-circle"),
    TrialState.UNREACHED: (marked("没有问到"), "warn", "info-circle"),
}
HOW: Mapping[str, str] = {
    "rest_json": marked("每个例子送到测试接口，比较应答的形状和含义。"),
    "soap": marked("每个例子送到测试接口，比较应答的形状和含义。"),
    "exchange_table": marked("每个例子写进测试前置表，提交后读回核对；部门扫描后写回的结果，当晚或下一晚读取。"),
    "file_batch": marked("每个例子放进测试目录的批次文件和 .ok 标志；部门的回执当晚或下一晚读取。"),
    "message_queue": marked("每个例子发布到测试队列，再读取响应主题中的应答。"),
    "form_post": marked("每个例子在测试网站上登录、填表、提交，核对页面的答复。"),
}
"""What a trial means on each channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedAnswer:
    """One answer of an example, and what it has to mean."""

    text: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleView:
    """One example: what is sent, what was agreed, what the last trial saw."""

    name: str
    operation: str
    target: str
    message: str
    refused: str
    answers: Sequence[AgreedAnswer]
    tells: Sequence[AgreedAnswer]
    result: TrialResult | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """One trial of the list; `counts` are words with how many examples fared so."""

    at: datetime
    who: str
    is_over: bool
    done: int
    total: int
    counts: Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesPage:
    """Context of pages/examples.html and partials/examples-trials.html. `running` is a trial that is not over.

    `why_not` says why the system is not tried; `how`, what a trial means on its channel; `read_back` is what the last
    one read of results that come by themselves.
    """

    system: str
    system_name: str
    address: str
    why_not: str
    may_run: bool
    examples: Sequence[ExampleView]
    states: Mapping[TrialState, tuple[str, str, str]]
    outcomes: Mapping[str, str]
    read_back: TrialResult | None
    how: str
    trials: Sequence[TrialLine]
    running: TrialLine | None
    at: datetime


async def show(request: Request, person: Person) -> Response:
    """Show the examples with what the last trial saw; htmx asks for the part that moves."""
    if not may_see_systems(person.actor):
        raise NotAllowed
    portal, system = portal_of(request), _system(request)
    trials = await portal.trials.latest(system.id, actor=person.actor)
    last = next((trial for trial in trials if trial.is_over), None)
    by_name = {(result.position, result.example): result for result in last.results} if last is not None else {}
    lines = [_trial(trial) for trial in trials]
    context = ExamplesPage(
        system=system.id,
        system_name=local(system),
        address=portal.trials.address(system.id),
        why_not=_why_not(system, portal.trials.why_not(system.id)),
        may_run=may_run_systems(person.actor),
        examples=[_example(system, each, by_name.get((n, each.name))) for n, each in enumerate(system.spec.examples)],
        states=STATES,
        outcomes=OUTCOMES,
        read_back=next((each for each in last.results if each.operation == READ_BACK), None) if last else None,
        how=_(HOW[system.transport]) if system.transport in HOW else "",
        trials=lines,
        running=next((line for line in lines if not line.is_over), None),
        at=portal.clock(),
    )
    return portal.renderer.page(request, "pages/examples.html", context, partial="partials/examples-trials.html")


def _why_not(system: System, word: str) -> str:
    match word:
        case "":
            return ""
        case "manual":
            return _("由人工送达，没有可以试送的接口。")
        case "captcha":
            return _("登录要人辨认图形验证码，不能在夜里自动试送。请在部门的测试环境中由人工核对，或用“试办”查看报文。")
        case "live":
            return _("登记的测试地址就是正式地址，所以不试送。请向部门要一个单独的测试环境。")
        case lines:
            return _("没有测试地址：请向部门要一个测试环境，在地址文件里写上 %(lines)s。", lines=lines)


async def run_now(request: Request, person: Person) -> Response:
    """Have the examples sent as soon as a worker is free."""
    await checked_form(request)
    if not may_run_systems(person.actor):
        raise NotAllowed
    portal, system = portal_of(request), _system(request)
    try:
        await portal.trials.run_now(system.id, actor=person.actor, at=portal.clock())
    except NotPermitted:
        raise Conflicting(_("这个系统没有测试地址，不能试送。")) from None
    return RedirectResponse(f"/systems/{system.id}/examples", status_code=303)


def _system(request: Request) -> System:
    system = portal_of(request).library.systems.get(request.path_params["system"])
    if system is None:
        raise NotHere(_("没有这个系统。请从系统列表中选择。"))
    return system


def _example(system: System, example: ExampleSpec, result: TrialResult | None) -> ExampleView:
    operation = system.operation(example.operation)
    run = dry_run(system, operation, values_of(example, operation.name), Redactor())
    return ExampleView(
        name=example.name,
        operation=operation.name,
        target=f"{run.method} {run.path}".strip(),
        message=_written(run),
        refused=run.refused,
        answers=[_agreed(answer) for answer in example.answers],
        tells=[_told(told) for told in example.tells],
        result=result,
    )


def _agreed(answer: ExampleAnswerSpec) -> AgreedAnswer:
    shown = {"status": answer.status or None, "headers": dict(answer.headers), "body": answer.body}
    kept = {name: value for name, value in shown.items() if value} if not answer.error else {"error": answer.error}
    text = json.dumps(kept, ensure_ascii=False, default=str)
    return AgreedAnswer(text=Redactor().text(text), meaning=answer.kind.value)


def _told(told: ExampleReportSpec) -> AgreedAnswer:
    text = json.dumps({"by": told.by, "body": told.body}, ensure_ascii=False, default=str)
    meaning = _("没有约定的状态，交人工") if told.means is None else _means(told.means)
    return AgreedAnswer(text=Redactor().text(text), meaning=meaning)


def _means(word: StatusWord) -> str:
    match word:
        case "pending":
            return _("没有新进展")
        case "error":
            return _("部门说有差错，交人工")
        case _:
            return _(STATUS_NAMES[CaseStatus(word)])


def _written(run: DryRun) -> str:
    parts = {"query": run.query, "headers": run.headers, "body": run.body}
    return json.dumps({name: part for name, part in parts.items() if part}, ensure_ascii=False, indent=2, default=str)


def _trial(trial: Trial) -> TrialLine:
    return TrialLine(
        at=trial.started_at or trial.asked_at,
        who=trial.who or _("夜间自动"),
        is_over=trial.is_over,
        done=len(trial.results),
        total=trial.total,
        counts=[(_(text), tone, trial.count(state)) for state, (text, tone, _icon) in STATES.items()],
    )


_ADDRESS = "/systems/{system}/examples"
routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(show), methods=["GET"], name="examples"),
    Route(_ADDRESS, signed_in(run_now), methods=["POST"]),
]
