"""A notice on the desk: what a receiver without a system is handed, what could not be sent, and visits.

A visit (到龄上门) ends in an intake draft that is filled with what is known; the person visited decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.errors import IntakeError, NotPermitted
from connectors.ledger import DeskReason
from connectors.notice_desk import Done, NoticeTask
from matters.guide import Matter
from matters.messages import say
from matters.policy import may_see_desk, may_take_in
from matters.ports import Draft
from portal.drafts import begin
from portal.guards import checked_form, signed_in
from portal.item_words import ItemLine
from portal.notice_words import action_name, receiver_name
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import PortalState, portal_of
from portal.words import _, gettext, marked

LONGEST_NUMBER, LONGEST_NOTE = 100, 500
REASONS: Mapping[DeskReason, tuple[str, str]] = {
    DeskReason.HAND_OVER: (
        marked("移交结果"),
        marked("接收方还没有接通。请把下面的内容移交，再填写对方的回执号；没有给号的，填写“无”。"),
    ),
    DeskReason.VISIT: (
        marked("上门走访"),
        marked("请网格员上门核实意愿。本人愿意申请的，从这里打开已填好的申请；不自动代替本人。"),
    ),
    DeskReason.UNKNOWN: (
        marked("核实告知是否送达"),
        marked("无法确认对方是否已收到。请先打电话问：已收到的填写回执号，没有收到的重新送出。"),
    ),
    DeskReason.INVALID: (
        marked("对方读不懂告知"),
        marked("对方系统读不懂这份告知。请与对方核对后重新送出，或不再告知。"),
    ),
    DeskReason.GAVE_UP: (marked("告知多次未送达"), marked("已按规定重试到期。请联系对方，改为人工移交或重新送出。")),
}
OTHER = (marked("对方没有照办"), marked("对方没有接受这项告知。请与对方联系，弄清后填写结果。"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTaskPage:
    """Context of pages/desk_notice.html. The content is shown in full: it is what is handed over."""

    id: str
    title: str
    advice: str
    receiver: str
    action: str
    number: str
    case_number: str
    basis: str
    items: tuple[ItemLine, ...] = field(repr=False)
    note: str
    is_visit: bool
    may_send_again: bool
    may_apply: bool
    due_at: datetime
    closed_at: datetime | None
    typed_number: str
    typed_note: str
    error: str


async def show(request: Request, person: Person) -> Response:
    """Show the task with what is to be told."""
    return await _page(request, person, await _find(request, person))


async def post(request: Request, person: Person) -> Response:
    """Record what was done; a visit that leads to an application opens its draft."""
    form = await checked_form(request)
    found = await _find(request, person)
    action = form.get("action")
    number, note = _text(form.get("number"), LONGEST_NUMBER), _text(form.get("note"), LONGEST_NOTE)
    is_visit = found.task.reason is DeskReason.VISIT
    error = ""
    if action not in ("done", "again", "given_up", "apply") or (action == "apply" and not is_visit):
        error = _("请使用页面上的按钮操作。")
    elif action == "done" and not is_visit and not number:
        error = _("请填写对方的回执号；对方没有给号的，填写“无”。")
    elif action == "given_up" and not note:
        error = _("请写明原因。")
    if error:
        return await _page(request, person, found, number=number, note=note, error=error, status=422)
    portal = portal_of(request)
    done: Done = "again" if action == "again" else "given_up" if action == "given_up" else "done"
    # The draft before the task is closed: a process that dies between the two leaves the task, and the next click
    # finds the draft there.
    draft = await _draft(portal, found, person) if action == "apply" else None
    try:
        await portal.notice_desk.close(
            found.task.id, done, actor=person.actor, at=portal.clock(), number=number, note=note
        )
    except IntakeError as refused:
        if draft is not None and await _is_own(portal, found, person):
            return RedirectResponse(f"/drafts/{draft.id}", status_code=303)  # a second click on the same button
        if draft is not None and (await portal.drafts.load(draft.id, person.sub)).revision == draft.revision:
            await portal.drafts.delete(draft.id, person.sub)  # nobody has typed into it
        text = say(refused.public, refused.params, gettext)
        return await _page(request, person, found, number=number, note=note, error=text, status=409)
    return RedirectResponse(f"/drafts/{draft.id}" if draft is not None else "/desk", status_code=303)


def _applied_for(portal: PortalState, found: NoticeTask, person: Person) -> Matter:
    matter = portal.library.matters.get(found.task.matter_id)
    if matter is None or not may_take_in(person.actor):
        raise NotAllowed
    return matter


async def _draft(portal: PortalState, found: NoticeTask, person: Person) -> Draft:
    """Make a draft of the matter the visit is about, filled with what the notice knows: one per task and person."""
    matter = _applied_for(portal, found, person)
    situation = matter.guide.situations[0].id
    id_ = str(uuid5(NAMESPACE_URL, f"onewindow:visit:{found.task.id}:{person.sub}"))
    return await begin(portal, person, matter, situation, _prefilled(matter, _items(found)), id_=id_)


async def _is_own(portal: PortalState, found: NoticeTask, person: Person) -> bool:
    """Tell whether this person has closed the task, to apply with it."""
    now = await portal.notice_desk.task(found.task.id, person.actor)
    return now is not None and now.task.closed_by == person.sub and now.task.result == "done"


def _prefilled(matter: Matter, items: Mapping[str, object]) -> dict[str, object]:
    """Return the fields of the form whose data item is known."""
    return {each.key: items[each.source] for each in matter.form.all_fields() if each.source and each.source in items}


def _items(found: NoticeTask) -> dict[str, object]:
    content = found.submission.content.get("item")
    groups = content if isinstance(content, Mapping) else {}
    return {
        f"{prefix}.{name}": value
        for prefix, group in groups.items()
        if isinstance(group, Mapping)
        for name, value in group.items()
    }


async def _find(request: Request, person: Person) -> NoticeTask:
    if not may_see_desk(person.actor):
        raise NotAllowed
    try:
        found = await portal_of(request).notice_desk.task(request.path_params["task"], person.actor)
    except NotPermitted:
        raise NotAllowed from None
    if found is None:
        raise NotHere(_("没有这项待办，或者不是本中心的。"))
    return found


async def _page(
    request: Request,
    person: Person,
    found: NoticeTask,
    *,
    number: str = "",
    note: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    portal, task = portal_of(request), found.task
    head = found.submission.content.get("notice")
    said = head if isinstance(head, Mapping) else {}
    title, advice = REASONS.get(task.reason, OTHER)
    context = NoticeTaskPage(
        id=task.id,
        title=_(title),
        advice=_(advice),
        receiver=receiver_name(task.delivery.system, portal.flows.reflux, portal.library),
        action=action_name(str(said.get("action", ""))),
        number=str(said.get("number", "")),
        case_number=str(said.get("case", "")),
        basis=str(said.get("basis", "")),
        items=portal.item_words.lines(_items(found), in_full=True),
        note=task.note,
        is_visit=task.reason is DeskReason.VISIT,
        may_send_again=found.may_send_again,
        may_apply=task.reason is DeskReason.VISIT and may_take_in(person.actor),
        due_at=task.due_at,
        closed_at=task.closed_at,
        typed_number=number,
        typed_note=note,
        error=error,
    )
    return portal.renderer.page(request, "pages/desk_notice.html", context, status=status)


def _text(value: object, longest: int) -> str:
    return value.strip()[:longest] if isinstance(value, str) else ""


routes: list[BaseRoute] = [
    Route("/desk/notices/{task}", signed_in(show), methods=["GET"], name="desk_notice"),
    Route("/desk/notices/{task}", signed_in(post), methods=["POST"]),
]
