"""/systems/{id}/maintenance: the owner sets a window in which nothing is sent, and ends it early.

Times are typed and shown in the department's clock, as its notices give them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from connectors.maintenance import FARTHEST, LONGEST, LONGEST_REASON, Window, Wrong
from connectors.system import System
from matters.policy import may_run_systems, may_see_systems
from portal.guards import checked_form, signed_in
from portal.library import local
from portal.pages import systems_view
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import PortalState, portal_of
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLine:
    """A window in the department's clock. `may_end`: it is not over, and the reader runs systems."""

    id: str
    begins_at: datetime
    ends_at: datetime
    reason: str
    word: str
    tone: str
    may_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenancePage:
    """Context of pages/maintenance.html. `errors` are by field; `typed` is what was typed, or what is offered."""

    system: str
    system_name: str
    recurring: Sequence[str]
    windows: Sequence[WindowLine]
    after: str
    may_set: bool
    typed: Mapping[str, str]
    errors: Mapping[str, str]
    longest_reason: int
    there: datetime


async def show(request: Request, person: Person) -> Response:
    """Show the windows, and the form for another."""
    if not may_see_systems(person.actor):
        raise NotAllowed
    return await _page(request, person, _wanted(request), typed={}, errors={})


async def post(request: Request, person: Person) -> Response:
    """Set a window; what does not hold is told at its field, and what was typed stays."""
    form, portal = await checked_form(request), portal_of(request)
    if not may_run_systems(person.actor):
        raise NotAllowed
    system = _wanted(request)
    typed = {name: _text(form, name) for name in ("begins", "ends", "reason")}
    offset = _offset(portal)
    begins, ends = (_moment(typed[name], offset) for name in ("begins", "ends"))
    wrong: Window | Wrong
    if begins is None or ends is None:
        wrong = "begins_missing" if begins is None else "ends_missing"
    else:
        wrong = await portal.maintenance.set(
            system.id, begins, ends, typed["reason"], actor=person.actor, at=portal.clock()
        )
    if isinstance(wrong, Window):
        return RedirectResponse(f"/systems/{system.id}/maintenance", status_code=303)
    return await _page(request, person, system, typed=typed, errors=_errors(wrong))


async def end(request: Request, person: Person) -> Response:
    """End a window now; one that is over already stays as it is."""
    await checked_form(request)
    portal = portal_of(request)
    if not may_run_systems(person.actor):
        raise NotAllowed
    system = _wanted(request)
    await portal.maintenance.end(system.id, request.path_params["window"], actor=person.actor, at=portal.clock())
    return RedirectResponse(f"/systems/{system.id}/maintenance", status_code=303)


def _wanted(request: Request) -> System:
    system = portal_of(request).library.systems.get(request.path_params["system"])
    if system is None:
        raise NotHere(_("没有这个系统。请从系统列表中选择。"))
    return system


async def _page(
    request: Request, person: Person, system: System, *, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    portal = portal_of(request)
    at, offset, may_set = portal.clock(), _offset(portal), may_run_systems(person.actor)
    there = (at + offset).astimezone(SHANGHAI)
    windows = await portal.maintenance.of_system(system.id, after=request.query_params.get("after"))
    context = MaintenancePage(
        system=system.id,
        system_name=local(system),
        recurring=systems_view.maintenance(system.spec.availability),
        windows=[_line(each, at, offset, may_set) for each in windows],
        after=windows.after or "",
        may_set=may_set,
        typed={"begins": f"{there:%Y-%m-%dT%H:%M}", "ends": "", "reason": ""} | dict(typed),
        errors=errors,
        longest_reason=LONGEST_REASON,
        there=there,
    )
    status = 422 if errors else 200
    return portal.renderer.page(request, "pages/maintenance.html", context, status=status)


def _line(window: Window, at: datetime, offset: timedelta, may_set: bool) -> WindowLine:
    is_over = window.ends_at <= at or window.begins_at == window.ends_at
    if is_over and window.begins_at == window.ends_at:
        word, tone = _("已取消"), ""
    elif is_over:
        word, tone = (_("提前结束") if window.ended_by else _("已结束")), ""
    else:
        word, tone = (_("进行中"), "warn") if window.covers(at) else (_("尚未开始"), "busy")
    return WindowLine(
        id=window.id,
        begins_at=window.begins_at + offset,
        ends_at=window.ends_at + offset,
        reason=window.reason,
        word=word,
        tone=tone,
        may_end=may_set and not is_over,
    )


def _errors(wrong: Wrong) -> Mapping[str, str]:
    match wrong:
        case "begins_missing":
            return {"begins": _("请填写开始时间，例如 2026-12-01 22:00。")}
        case "ends_missing":
            return {"ends": _("请填写结束时间，例如 2026-12-02 06:00。")}
        case "not_after":
            return {"ends": _("结束时间要晚于开始时间。")}
        case "over":
            return {"ends": _("这段时间已经过去。请填写以后的结束时间。")}
        case "too_long":
            return {"ends": _("一次维护最长 %(days)s 天。更长的请分几次，或停用系统。", days=LONGEST.days)}
        case "too_far":
            return {"begins": _("开始时间最远在 %(days)s 天以内。", days=FARTHEST.days)}
        case "reason":
            return {"reason": _("请填写原因，最多 %(most)s 个字。", most=LONGEST_REASON)}
        case "overlaps":
            return {"begins": _("与已设的维护时间重叠。请改时间，或先结束那一次。")}


def _offset(portal: PortalState) -> timedelta:
    return timedelta(seconds=portal.settings.department_clock_offset_seconds)


def _moment(text: str, offset: timedelta) -> datetime | None:
    """Return what was typed in the department's clock, in ours; None when it is no moment."""
    try:
        there = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return there.replace(tzinfo=SHANGHAI) - offset if there.tzinfo is None and 2000 <= there.year <= 9000 else None


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip()[:1000] if isinstance(value, str) else ""


routes: list[BaseRoute] = [
    Route("/systems/{system}/maintenance", signed_in(show), methods=["GET"], name="maintenance"),
    Route("/systems/{system}/maintenance", signed_in(post), methods=["POST"]),
    Route("/systems/{system}/maintenance/{window}/end", signed_in(end), methods=["POST"]),
]
