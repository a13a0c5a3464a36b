"""/systems/{id}/reconciliations: the days compared with a department, and the repair list a person works off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.reconciliation import Difference, Repair, RepairNote
from connectors.repairing import LONGEST_NOTE, NotNoted, RepairDay, RepairLine
from connectors.system import System
from matters.policy import may_run_systems, may_see_systems
from portal.guards import checked_form, signed_in
from portal.library import local
from portal.people import Person
from portal.refusals import Conflicting, NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _, marked

REPAIRS: Mapping[Repair, str] = {
    Repair.LOOK_UP: marked("我们认为部门已有，部门清单里没有：已改为待核实，先查询，不会直接重发"),
    Repair.TAKE_STATUS: marked("部门的状态更新：已按部门通知处理"),
    Repair.ASK: marked("需要向部门询问"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One day: how many each side has, whether both books are the same, what was mended and what is left to ask."""

    day: date
    compared_at: datetime
    ours: int
    theirs: int
    is_same: bool
    mended: int
    to_ask: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLine:
    """One line somebody has to ask about; `field` names its form, `error` and `typed` are what was wrong there."""

    day: date
    number: str
    theirs_number: str
    what: str
    field: str
    error: str = ""
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneLine:
    """One line that was mended by itself, or about which somebody noted what the department said."""

    day: date
    number: str
    what: str
    note: RepairNote | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationsPage:
    """Context of pages/reconciliations.html. `why_not` says why there is no comparison, empty where there is one."""

    system: str
    system_name: str
    why_not: str
    begins_at: str
    of_notices: bool
    waiting: Sequence[date]
    days: Sequence[DayLine]
    asks: Sequence[AskLine]
    done: Sequence[DoneLine]
    may_note: bool
    longest_note: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """What somebody typed that could not be noted, and why."""

    day: str
    number: str
    note: str
    error: str


async def show(request: Request, person: Person) -> Response:
    """Show the repair list first, then the days."""
    return await _page(request, person, _wanted(request))


async def note(request: Request, person: Person) -> Response:
    """Note what the department said about one line."""
    form, portal = await checked_form(request), portal_of(request)
    if not may_run_systems(person.actor):
        raise NotAllowed
    system = _wanted(request)
    day, number, text = (str(form.get(name, "")) for name in ("day", "number", "note"))
    try:
        of = date.fromisoformat(day)
    except ValueError:
        raise NotHere(_("没有这一行。请从对账清单中选择。")) from None
    found = await portal.repairs.note(system.id, of, number, text, actor=person.actor, at=portal.clock())
    if isinstance(found, RepairNote):
        return RedirectResponse(f"/systems/{system.id}/reconciliations", status_code=303)
    return await _page(request, person, system, _Typed(day=day, number=number, note=text, error=_error(found)))


def _error(found: NotNoted) -> str:
    match found:
        case "empty":
            return _("请写下部门怎样答复，例如“部门已补录，编号 2026-000371”。")
        case "too_long":
            return _("最多 %(most)s 个字。", most=LONGEST_NOTE)
        case "noted":
            raise Conflicting(_("这一行已经有人记过，请刷新页面。"))
        case "unknown":
            raise NotHere(_("没有这一行。请从对账清单中选择。"))


def _wanted(request: Request) -> System:
    system = portal_of(request).library.systems.get(request.path_params["system"])
    if system is None:
        raise NotHere(_("没有这个系统。请从系统列表中选择。"))
    return system


async def _page(request: Request, person: Person, system: System, typed: _Typed | None = None) -> Response:
    if not may_see_systems(person.actor):
        raise NotAllowed
    portal = portal_of(request)
    found = await portal.repairs.of_system(system.id, actor=person.actor, at=portal.clock())
    spec = system.leading.spec
    context = ReconciliationsPage(
        system=system.id,
        system_name=local(system),
        why_not=_why_not(system),
        begins_at=spec.reconcile.at if spec.reconcile is not None else "",
        of_notices=spec.reconcile is not None and spec.reconcile.of == "notices",
        waiting=found.waiting,
        days=[_day(each) for each in found.days],
        asks=[_ask(day, line, typed) for day in found.days for line in day.lines if line.is_open],
        done=[_done(day, line) for day in found.days for line in day.lines if not line.is_open],
        may_note=may_run_systems(person.actor),
        longest_note=LONGEST_NOTE,
    )
    status = 422 if typed is not None else 200
    return portal.renderer.page(request, "pages/reconciliations.html", context, status=status)


def _why_not(system: System) -> str:
    spec = system.leading.spec
    if spec.reconcile is not None:
        return ""
    if spec.transport == "manual":
        return _("由人工送达，没有可以比对的清单。")
    return spec.not_reconciled or _("对接说明里没有写怎样取得部门的清单。")


def _day(day: RepairDay) -> DayLine:
    found = day.comparison
    return DayLine(
        day=found.day,
        compared_at=found.compared_at,
        ours=found.ours,
        theirs=found.theirs,
        is_same=found.ours_sha256 == found.theirs_sha256,
        mended=sum(line.difference.repair is not Repair.ASK for line in day.lines),
        to_ask=day.open_lines,
    )


def _ask(day: RepairDay, line: RepairLine, typed: _Typed | None) -> AskLine:
    of, each = day.comparison.day, line.difference
    is_typed = typed is not None and (typed.day, typed.number) == (of.isoformat(), each.our_number)
    return AskLine(
        day=of,
        number=each.our_number,
        theirs_number=each.department_number,
        what=_what(each),
        field=f"note-{of:%Y%m%d}-{each.our_number}",
        error=typed.error if typed is not None and is_typed else "",
        typed=typed.note if typed is not None and is_typed else "",
    )


def _done(day: RepairDay, line: RepairLine) -> DoneLine:
    return DoneLine(
        day=day.comparison.day,
        number=line.difference.our_number,
        what=_(REPAIRS[line.difference.repair]) if line.note is None else _what(line.difference),
        note=line.note,
    )


def _what(each: Difference) -> str:
    """Say what an owner has to ask about, in words."""
    if each.theirs and not each.ours and not each.delivery_id:
        return _("部门清单里有，我们没有送过（部门状态 %(theirs)s）", theirs=each.theirs)
    if "×" in each.theirs:
        return _("部门清单里不止一次：%(theirs)s", theirs=each.theirs)
    if each.theirs:
        return _("我们是 %(ours)s，部门是 %(theirs)s", ours=each.ours, theirs=each.theirs)
    return _("我们认为部门已有（%(ours)s），部门清单里没有", ours=each.ours)


_ADDRESS = "/systems/{system}/reconciliations"
routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(show), methods=["GET"], name="reconciliations"),
    Route(_ADDRESS, signed_in(note), methods=["POST"]),
]
