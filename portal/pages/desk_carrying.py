"""/desk/carrying/{system}: many cases brought to one department in one go: a list, a pack to print, a number per row.

One form for the page; each row it fills is recorded on its own, and a row that could not be is told beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.paging import Page
from connectors.carrying import AT_ONCE, Left
from connectors.desk import TaskView
from connectors.pack import Pack, make_pack
from matters.errors import MatterError
from matters.guide import Matter
from matters.policy import may_work_desk
from portal.guards import checked_form, signed_in
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import PortalState, portal_of
from portal.words import _, marked

LONGEST_NUMBER = 100
_FIELD = "number-"
_LEFT: Mapping[Left, str] = {
    "closed": marked("别人刚刚处理了这一件，这里没有再记。"),
    "moved": marked("这一件的状态已变，没有记录。请打开它单独处理。"),
    "elsewhere": marked("这一件不在这张清单上，没有记录。"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case of the list; `typed` and `wrong` come back when its number could not be recorded."""

    task: str
    case_number: str
    matter: str
    due_at: datetime
    is_late: bool
    typed: str
    wrong: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingPage:
    """Context of pages/desk_carrying.html. `recorded` rows were just settled, `unsettled` could not be."""

    system: str
    system_name: str
    rows: tuple[Row, ...]
    here: str
    after: str
    recorded: int
    unsettled: tuple[tuple[str, str], ...]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PacksPage:
    """Context of pages/desk_packs.html: a covering list, then everything of each case in full."""

    system: str
    system_name: str
    packs: tuple[Pack, ...] = field(repr=False)
    here: str
    after: str
    at: datetime


async def show(request: Request, person: Person) -> Response:
    """Show the list."""
    done = request.query_params.get("recorded", "")
    return await _page(request, person, recorded=int(done) if done.isdecimal() and len(done) < 4 else 0)


async def record(request: Request, person: Person) -> Response:
    """Record the number of each row that has one; a row without stays on the list."""
    form = await checked_form(request)
    if not may_work_desk(person.actor):
        raise NotAllowed
    numbers, portal, system = _numbers(form), portal_of(request), request.path_params["system"]
    if not numbers:
        error = _("还没有填写受理号。部门没有给号的，填写“无”。")
        return await _page(request, person, error=error, status=422)
    left = await portal.carrying.record(system, numbers, actor=person.actor, at=portal.clock())
    recorded = len(numbers) - len(left)
    if not left:
        return RedirectResponse(f"/desk/carrying/{system}?recorded={recorded}", status_code=303)
    return await _page(request, person, recorded=recorded, typed=numbers, left=left, status=409)


async def packs(request: Request, person: Person) -> Response:
    """Show everything that is brought, to be printed."""
    if not may_work_desk(person.actor):
        raise NotAllowed
    portal, system = portal_of(request), request.path_params["system"]
    here = request.query_params.get("after", "")
    found = await portal.carrying.packs(system, person.actor, after=here)
    known: dict[tuple[str, int], Matter | None] = {}
    made = []
    for _view, submission in found:
        case = submission.content.get("case")
        said = case if isinstance(case, Mapping) else {}
        key = (str(said.get("matter", "")), int(str(said.get("guide_version", 0))))
        if key not in known:
            known[key] = await _guide(portal, *key)
        if (matter := known[key]) is not None:
            made.append(make_pack(matter, submission))
    context = PacksPage(
        system=system,
        system_name=portal.library.system_name(system),
        packs=tuple(made),
        here=here,
        after=found.after or "",
        at=portal.clock(),
    )
    return portal.renderer.page(request, "pages/desk_packs.html", context)


async def _guide(portal: PortalState, matter_id: str, version: int) -> Matter | None:
    """Return the guide a case was taken in under, None where it is not kept any more."""
    current = portal.library.matters.get(matter_id)
    if current is not None and current.guide.basic_info.version == version:
        return current
    try:
        return await portal.guides.load(matter_id, version)
    except MatterError:
        return current


async def _page(
    request: Request,
    person: Person,
    *,
    recorded: int = 0,
    typed: Mapping[str, str] | None = None,
    left: Mapping[str, Left] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    if not may_work_desk(person.actor):
        raise NotAllowed
    portal, system = portal_of(request), request.path_params["system"]
    if system not in portal.library.systems:
        raise NotHere(_("没有这个系统。请从待办中选择。"))
    here = request.query_params.get("after", "")
    found = await portal.carrying.cases(system, person.actor, after=here)
    typed, left = typed or {}, left or {}
    rows = _rows(portal, found, typed, left)
    shown = {row.task for row in rows}
    context = CarryingPage(
        system=system,
        system_name=portal.library.system_name(system),
        rows=rows,
        here=here,
        after=found.after or "",
        recorded=recorded,
        unsettled=tuple((typed[task], _(_LEFT[why])) for task, why in left.items() if task not in shown),
        error=error,
    )
    return portal.renderer.page(request, "pages/desk_carrying.html", context, status=status)


def _rows(
    portal: PortalState, found: Page[TaskView], typed: Mapping[str, str], left: Mapping[str, Left]
) -> tuple[Row, ...]:
    now = portal.clock()
    return tuple(
        Row(
            task=view.task.id,
            case_number=view.task.delivery.case_number,
            matter=portal.library.matter_name(view.task.matter_id),
            due_at=view.task.due_at,
            is_late=view.task.due_at < now,
            typed=typed.get(view.task.id, ""),
            wrong=_(_LEFT[left[view.task.id]]) if view.task.id in left else "",
        )
        for view in found
    )


def _numbers(form: FormData) -> dict[str, str]:
    """Return the numbers that were filled in, by task; at most a page of them."""
    given = [
        (name.removeprefix(_FIELD)[:36], value.strip()[:LONGEST_NUMBER])
        for name, value in form.multi_items()
        if name.startswith(_FIELD) and isinstance(value, str)
    ]
    return dict([(task, number) for task, number in given if number][:AT_ONCE])


_ADDRESS = "/desk/carrying/{system}"

routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(show), methods=["GET"], name="desk_carrying"),
    Route(_ADDRESS, signed_in(record), methods=["POST"]),
    Route(f"{_ADDRESS}/packs", signed_in(packs), name="desk_packs"),
]
