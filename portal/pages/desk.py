"""The desk: deliveries in a person's hands, each with a printable pack, a field for the department's number, a result."""

from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.desk import DeskResult, TaskView
from connectors.errors import IntakeError
from connectors.ledger import NOTICE_KINDS, DeskReason
from matters.case import Case
from matters.errors import MatterError
from matters.messages import say
from matters.policy import may_see_desk, may_work_desk
from portal.forms.display import DisplaySection, display
from portal.forms.materials import MaterialLine, material_lines
from portal.guards import checked_form, signed_in
from portal.library import local
from portal.notice_words import receiver_name
from portal.pages import desk_log_in, desk_notice
from portal.pages.case import matter_of
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _, gettext, marked

LONGEST_NUMBER, LONGEST_NOTE = 100, 500
PAGE = 50
REASONS = {
    DeskReason.MANUAL: (
        marked("送交部门"),
        marked("这个部门系统还没有接通自动送件。请打印下面的材料送交部门，再填写部门受理号。"),
    ),
    DeskReason.UNKNOWN: (
        marked("核实是否送达"),
        marked("无法确认部门是否已收到。请先打电话问部门：已收到的填写受理号，没有收到的再重新送出。"),
    ),
    DeskReason.INVALID: (
        marked("部门读不懂"),
        marked("部门系统读不懂这份申请。请与部门核对后重新送出，或退回申请人。"),
    ),
    DeskReason.GAVE_UP: (marked("多次未送达"), marked("已按规定重试到期。请联系部门，改为人工送交或重新送出。")),
    DeskReason.UNMAPPED_STATUS: (marked("状态待确认"), marked("部门报来一个新的状态。请向部门问清后填写结果。")),
    DeskReason.DEPARTMENT_ERROR: (marked("部门处理出错"), marked("部门报告处理时出错。请与部门联系后填写结果。")),
    DeskReason.SUPPLEMENT: (
        marked("送交补正材料"),
        marked("申请人已把要求补的材料交到窗口。请送交部门，再填写部门受理号（没有新号的填写原来的）。"),
    ),
    DeskReason.SUPPLEMENT_LATE: (
        marked("补正期限已过"),
        marked("申请人没有在期限内到窗口补正。请问部门是否已直接收到，再到办件页登记已补正，或补正不来办结。"),
    ),
}
_OTHER = (marked("填写部门结果"), marked("部门办好后，请在这里填写结果和理由。"))
RESULTS: dict[DeskResult, str] = {
    "approved": marked("准予（办结）"),
    "refused": marked("不予（办结）"),
    "supplement_required": marked("需要补正"),
    "returned": marked("退件"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One task of the list."""

    id: str
    title: str
    system: str
    number: str
    matter: str
    due_at: datetime
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPage:
    """Context of pages/desk.html."""

    tasks: tuple[TaskLine, ...]
    log_ins: tuple[tuple[str, str], ...]
    """Systems that wait for somebody to read their log-in picture: id and name."""
    after: str
    together: tuple[tuple[str, str, int], ...]
    """Departments that several cases are to be brought to: id, name, how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """Context of pages/desk_task.html: what to do, the pack to print, what to write down."""

    view: TaskView
    title: str
    advice: str
    system: str
    case: Case
    matter_name: str
    situation: str
    sections: tuple[DisplaySection, ...] = field(repr=False)
    materials: tuple[MaterialLine, ...] = field(repr=False)
    results: tuple[tuple[str, str], ...]
    closed_at: datetime | None
    is_on_case: bool
    """What is to be done is done on the case's own page."""
    due_at: datetime
    department_number: str
    number: str
    note: str = field(repr=False)
    error: str


async def desk(request: Request, person: Person) -> Response:
    """List the unit's open tasks, the most urgent first."""
    if not may_see_desk(person.actor):
        raise NotAllowed
    portal = portal_of(request)
    now = portal.clock()
    found = await portal.desk.tasks(person.actor, most=PAGE, after=request.query_params.get("after"))
    tasks = tuple(
        TaskLine(
            id=view.task.id,
            title=_(_reason(view)[0]),
            system=receiver_name(view.task.delivery.system, portal.flows.reflux, portal.library),
            number=view.task.delivery.case_number,
            matter=portal.library.matter_name(view.task.matter_id),
            due_at=view.task.due_at,
            is_late=view.task.due_at < now,
        )
        for view in found
    )
    brought = await portal.carrying.waiting(person.actor) if may_work_desk(person.actor) else ()
    together = tuple((each.system, local(each), each.count) for each in brought)
    waiting = await portal.log_ins.waiting(person.actor) if may_work_desk(person.actor) else ()
    log_ins = tuple((each.system, local(each, "system_name")) for each in waiting)
    return portal.renderer.page(
        request, "pages/desk.html", DeskPage(tasks=tasks, log_ins=log_ins, after=found.after or "", together=together)
    )


async def show(request: Request, person: Person) -> Response:
    """Show a task with its pack; that of a notice has a page of its own."""
    view = await _find(request, person)
    if view.task.delivery.kind in NOTICE_KINDS:
        return RedirectResponse(f"/desk/notices/{view.task.id}", status_code=303)
    return await _page(request, view)


async def post(request: Request, person: Person) -> Response:
    """Record what happened: handed over, decided, to be sent again, or handed back."""
    form = await checked_form(request)
    view = await _find(request, person)
    if view.task.delivery.kind in NOTICE_KINDS:
        raise NotHere
    error = _missing(form)
    if error:
        return await _page(request, view, form=form, error=error, status=422)
    try:
        await _record(request, view, form, person)
    except (IntakeError, MatterError) as refused:
        text = say(refused.public, refused.params, gettext)
        return await _page(request, view, form=form, error=text, status=409)
    return RedirectResponse(f"/cases/{view.task.delivery.case_number}", status_code=303)


async def _record(request: Request, view: TaskView, form: FormData, person: Person) -> None:
    portal = portal_of(request)
    actor, at, task = person.actor, portal.clock(), view.task.id
    number, note = _text(form, "number", LONGEST_NUMBER), _text(form, "note", LONGEST_NOTE)
    match form.get("action"):
        case "complete":
            await portal.desk.complete(task, department_number=number, actor=actor, at=at, note=note)
        case "result":
            result = next(known for known in RESULTS if known == form.get("result"))
            await portal.desk.record_result(task, result, actor=actor, at=at, department_number=number, note=note)
        case "again":
            await portal.desk.send_again(task, actor=actor, at=at, note=note)
        case _:
            await portal.desk.return_to_applicant(task, actor=actor, at=at, reason=note)


def _missing(form: FormData) -> str:
    number, note = _text(form, "number", LONGEST_NUMBER), _text(form, "note", LONGEST_NOTE)
    match form.get("action"):
        case "complete":
            return "" if number else _("请填写部门受理号；部门没有给号的，填写“无”。")
        case "result" if form.get("result") not in RESULTS:
            return _("请选择部门的办理结果。")
        case "result" if form.get("result") != "approved" and not note:
            return _("请填写部门的理由，会原样告知申请人。")
        case "result" | "again":
            return ""
        case "return":
            return "" if note else _("请填写退回的理由，会原样告知申请人。")
        case _:
            return _("请使用页面上的按钮操作。")


def _text(form: FormData, name: str, longest: int) -> str:
    value = form.get(name)
    return value.strip()[:longest] if isinstance(value, str) else ""


async def _find(request: Request, person: Person) -> TaskView:
    if not may_see_desk(person.actor):
        raise NotAllowed
    view = await portal_of(request).desk.task(request.path_params["task"], person.actor)
    if view is None:
        raise NotHere(_("没有这项待办，或者不是本中心的。"))
    return view


async def _page(
    request: Request, view: TaskView, *, form: FormData | None = None, error: str = "", status: int = 200
) -> Response:
    portal = portal_of(request)
    case = await portal.cases.by_number(view.task.delivery.case_number)
    if case is None:
        raise NotHere
    matter = await matter_of(portal, case)
    title, advice = _reason(view)
    posted = form or FormData()
    context = TaskPage(
        view=view,
        title=_(title),
        advice=_(advice),
        system=_system(view),
        case=case,
        matter_name=local(matter),
        situation=local(matter.situation(case.situation)),
        sections=display(matter, case.situation, case.form),
        materials=material_lines(matter, await portal.cases.materials(case.number)),
        results=tuple((code, _(text)) for code, text in RESULTS.items()),
        closed_at=view.task.closed_at,
        is_on_case=view.task.reason is DeskReason.SUPPLEMENT_LATE,
        due_at=view.task.due_at,
        department_number=view.department_number,
        number=_text(posted, "number", LONGEST_NUMBER) or view.department_number,
        note=_text(posted, "note", LONGEST_NOTE),
        error=error,
    )
    return portal.renderer.page(request, "pages/desk_task.html", context, status=status)


def _reason(view: TaskView) -> tuple[str, str]:
    if view.task.delivery.kind in NOTICE_KINDS:
        return desk_notice.REASONS.get(view.task.reason, desk_notice.OTHER)
    return REASONS.get(view.task.reason, _OTHER)


def _system(view: TaskView) -> str:
    return local(view, "system_name")


routes: list[BaseRoute] = [
    Route("/desk", signed_in(desk), name="desk"),
    *desk_log_in.routes,
    Route("/desk/{task}", signed_in(show), methods=["GET"], name="desk_task"),
    Route("/desk/{task}", signed_in(post), methods=["POST"]),
]
