"""/systems/{id}/replay: an owner chooses deliveries, sees what would become of each, and has them sent anew.

Choosing is a GET, so that a preview has an address; confirming posts the deliveries seen and the act's own id, which
the preview made: a second click finds the first's act.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from connectors.errors import NotPermitted
from connectors.redaction import redacting
from connectors.replay import GROUPS, LEAST_REASON, LONGEST_REASON, MOST_AT_ONCE, Act, Choice, Group
from connectors.replaying import Preview
from connectors.system import System
from matters.numbering import normal_number
from matters.policy import may_run_systems
from portal.guards import checked_form, signed_in
from portal.library import local
from portal.pages import replay_shown
from portal.pages.replay_shown import ActLine, RenewedLine, ShownLine, ShownLook
from portal.pages.systems_view import OUTCOMES
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import PortalState, portal_of
from portal.words import _

_MOST_NUMBERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The choosing form as it was filled in; `error` is what is wrong with it."""

    groups: tuple[str, ...]
    since: str
    until: str
    cases: str
    is_preview: bool
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPage:
    """Context of pages/replay.html. `going` would be sent, `left` would not; `chosen` are ticked."""

    system: str
    system_name: str
    asked: Asked
    groups: tuple[tuple[str, str], ...]
    count: int | None
    most: int
    going: Sequence[ShownLine]
    left: Sequence[ShownLine]
    chosen: frozenset[str]
    act: str
    reason: str = field(repr=False)
    error: str
    acts: Sequence[ActLine]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookPage:
    """Context of pages/replay_look.html."""

    system: str
    system_name: str
    look: ShownLook
    outcomes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """Context of pages/replay_act.html."""

    system: str
    system_name: str
    act: Act
    renewed: Sequence[RenewedLine]
    left: Sequence[tuple[str, str]]
    at: datetime


async def choose(request: Request, person: Person) -> Response:
    """Show the form for choosing; once something is chosen, the preview."""
    system = _system(request, person)
    asked = _asked(request.query_params)
    return await _page(request, person, system, asked)


async def confirm(request: Request, person: Person) -> Response:
    """Send anew what was ticked."""
    form = await checked_form(request)
    system = _system(request, person)
    asked, chosen = _asked(form), [str(value) for value in form.getlist("delivery")]
    reason, act = str(form.get("reason") or "").strip()[:LONGEST_REASON], _act_id(form)
    error = _wrong(reason, chosen)
    if error:
        return await _page(
            request, person, system, replace(asked, is_preview=True), chosen=chosen, reason=reason, act=act,
            error=error, status=422,
        )  # fmt: skip
    portal = portal_of(request)
    wanted = Act(id=act, system=system.id, by=person.sub, who=person.name, reason=reason, at=portal.clock())
    try:
        kept = await portal.replays.replay(wanted, chosen, actor=person.actor)
    except NotPermitted:  # another system has an act of that id
        raise NotAllowed from None
    return RedirectResponse(f"/systems/{system.id}/replays/{kept.act.id}", status_code=303)


async def look(request: Request, person: Person) -> Response:
    """Show one delivery closely: the message as it would be now, what differs, what was tried."""
    system, portal = _system(request, person), portal_of(request)
    found = await portal.replays.look(
        system.id,
        request.path_params["delivery"],
        actor=person.actor,
        redacting=redacting(portal.library.matters, portal.library.mask_rules, portal.library.systems),
        at=portal.clock(),
    )
    if found is None:
        raise NotHere(_("没有这项投递。"))
    context = LookPage(
        system=system.id, system_name=local(system), look=replay_shown.look(found, portal.library), outcomes=OUTCOMES
    )
    return portal.renderer.page(request, "pages/replay_look.html", context)


async def act(request: Request, person: Person) -> Response:
    """Show what came of one replay, as its deliveries stand now."""
    system, portal = _system(request, person), portal_of(request)
    kept = await portal.replays.act(system.id, request.path_params["act"], actor=person.actor)
    if kept is None:
        raise NotHere(_("没有这次重新送出的记录。"))
    now = portal.clock()
    context = ActPage(
        system=system.id,
        system_name=local(system),
        act=kept.act,
        renewed=[replay_shown.renewed(each, local(system), at=now) for each in kept.renewed],
        left=[(number, replay_shown.why(left_out)) for number, left_out in kept.left_out],
        at=now,
    )
    return portal.renderer.page(request, "pages/replay_act.html", context)


def _system(request: Request, person: Person) -> System:
    # Whose region is not known has none, where the command line, which has no region either, has all.
    if not may_run_systems(person.actor) or not person.region:
        raise NotAllowed
    system = portal_of(request).library.systems.get(request.path_params["system"])
    if system is None:
        raise NotHere(_("没有这个系统。请从系统列表中选择。"))
    return system


async def _page(
    request: Request,
    person: Person,
    system: System,
    asked: Asked,
    *,
    chosen: Sequence[str] | None = None,
    reason: str = "",
    act: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    portal = portal_of(request)
    preview = await _preview(portal, person, system, asked)
    going, left = replay_shown.lines(preview, portal.library) if preview else ((), ())
    acts = await portal.replays.acts(system.id, actor=person.actor, after=request.query_params.get("after"))
    context = ReplayPage(
        system=system.id,
        system_name=local(system),
        asked=asked,
        groups=tuple((group, _(text)) for group, text in GROUPS.items()),
        count=preview.count if preview else None,
        most=MOST_AT_ONCE,
        going=going,
        left=left,
        chosen=frozenset(line.id for line in going) if chosen is None else frozenset(chosen),
        act=act or str(uuid4()),
        reason=reason,
        error=error,
        acts=[ActLine(id=each.id, at=each.at, who=each.who, reason=each.reason, count=count) for each, count in acts],
        after=acts.after or "",
    )
    return portal.renderer.page(request, "pages/replay.html", context, status=422 if asked.error else status)


async def _preview(portal: PortalState, person: Person, system: System, asked: Asked) -> Preview | None:
    if not asked.is_preview or asked.error:
        return None
    return await portal.replays.preview(
        _choice(system, asked),
        actor=person.actor,
        redacting=redacting(portal.library.matters, portal.library.mask_rules, portal.library.systems),
        at=portal.clock(),
    )


def _choice(system: System, asked: Asked) -> Choice:
    groups: frozenset[Group] = frozenset(group for group in GROUPS if group in asked.groups)
    until = _day(asked.until)
    return Choice(
        system=system.id,
        groups=groups or frozenset(GROUPS),
        since=_begins(_day(asked.since)),
        until=_begins(until + timedelta(days=1)) if until else None,
        cases=tuple(_numbers(asked.cases)),
    )


def _asked(given: QueryParams | FormData) -> Asked:
    # No database looks for NUL, and an address may hold one.
    texts = {name: str(given.get(name) or "").replace("\0", " ").strip()[:4000] for name in ("since", "until", "cases")}
    error = ""
    if any(texts[name] and _day(texts[name]) is None for name in ("since", "until")):
        error = _("日期请写成 2026-11-21 这样。")
    elif len(_numbers(texts["cases"])) > _MOST_NUMBERS:
        error = _("一次最多填 100 个办件编号。")
    return Asked(
        groups=tuple(str(group) for group in given.getlist("state") if group in GROUPS),
        is_preview="preview" in given,
        error=error,
        **texts,
    )


def _numbers(text: str) -> list[str]:
    return [normal_number(number) for number in text.replace(",", " ").replace("，", " ").replace("、", " ").split()]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 9000 else None


def _begins(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), SHANGHAI) if day else None


def _act_id(form: FormData) -> str:
    """Return the id the preview gave the act; anything else gets a new one."""
    try:
        return str(UUID(str(form.get("act") or "")))
    except ValueError:
        return str(uuid4())


def _wrong(reason: str, chosen: Sequence[str]) -> str:
    if not chosen:
        return _("请至少选择一项投递。")
    if len(chosen) > MOST_AT_ONCE:
        return _("一次最多 500 项，请分几次。")
    return "" if len(reason) >= LEAST_REASON else _("请写明重新送出的理由（至少4个字），会记录在案。")


_ADDRESS = "/systems/{system}"
routes: list[BaseRoute] = [
    Route(f"{_ADDRESS}/replay", signed_in(choose), methods=["GET"], name="replay"),
    Route(f"{_ADDRESS}/replay", signed_in(confirm), methods=["POST"]),
    Route(f"{_ADDRESS}/replay/{{delivery}}", signed_in(look), name="replay_look"),
    Route(f"{_ADDRESS}/replays/{{act}}", signed_in(act), name="replay_act"),
]
