"""/events: what makes something follow for residents (联动): confirm it, or undo it with everything that followed.

A death stops payments as a suspension only: a person confirms, or gives everything back with one button.
"""

from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.errors import NotPermitted
from connectors.fanout import Event, EventState
from matters.masking import mask_name
from matters.policy import TOWNSHIP_DIGITS, may_decide_event, may_see_events
from portal.guards import checked_form, signed_in
from portal.item_words import ItemLine
from portal.notice_words import NoticeLine, fanout_name, notice_lines
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import PortalState, portal_of
from portal.words import _, marked

LEAST_REASON, LONGEST_REASON = 4, 200
STATES: tuple[EventState, ...] = ("open", "done", "confirmed", "undone")
_WORDS = {
    "open": (marked("待确认"), "warn"),
    "done": (marked("已联动"), "ok"),
    "confirmed": (marked("已确认"), "ok"),
    "undone": (marked("已撤销"), ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event of the list, masked."""

    number: str
    title: str
    name: str
    word: str
    tone: str
    happened_at: datetime
    due_at: datetime | None
    is_late: bool
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPage:
    """Context of pages/events.html. `kinds` are fan-outs; `many_regions`: the reader answers for more than a township."""

    state: str
    filters: tuple[tuple[str, str], ...]
    kind: str
    kinds: tuple[tuple[str, str], ...]
    events: tuple[EventLine, ...]
    many_regions: bool
    is_continued: bool
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Context of pages/event.html: what happened, who was told what, and what may be decided."""

    line: EventLine
    case_number: str
    items: tuple[ItemLine, ...] = field(repr=False)
    notices: tuple[NoticeLine, ...]
    note: str
    may_confirm: bool
    may_undo: bool
    decided_by: str
    decided_at: datetime | None
    decided_reason: str
    error: str
    reason: str


async def event_list(request: Request, person: Person) -> Response:
    """List a page of the events this person answers for, those that wait for somebody unless others are asked for."""
    if not may_see_events(person.actor):
        raise NotAllowed
    portal, asked = portal_of(request), request.query_params
    state, kind = _state(asked.get("state", "open")), asked.get("kind", "")
    kind = kind if kind in portal.flows.fanouts else ""
    found = await portal.notices.events(person.region, state, kind=kind, after=asked.get("after"))
    context = EventsPage(
        state=state,
        filters=tuple((each, _(_WORDS[each][0])) for each in STATES),
        kind=kind,
        kinds=tuple((each, fanout_name(each, portal.flows.fanouts)) for each in portal.flows.fanouts),
        events=tuple(_line(portal, each) for each in found),
        many_regions=len(person.region) < TOWNSHIP_DIGITS,
        is_continued="after" in asked,
        after=found.after or "",
    )
    return portal.renderer.page(request, "pages/events.html", context)


async def show(request: Request, person: Person) -> Response:
    """Show one event with everything that followed."""
    return await _page(request, await _find(request, person))


async def decide(request: Request, person: Person) -> Response:
    """Confirm the event, or undo it: the reverse goes to everybody who was told, after what they were told."""
    form = await checked_form(request)
    event = await _find(request, person)
    reason = str(form.get("reason") or "").strip()[:LONGEST_REASON]
    step = form.get("action")
    if step not in ("confirm", "undo"):
        return await _page(request, event, error=_("请使用页面上的按钮操作。"), reason=reason, status=422)
    if len(reason) < LEAST_REASON:
        return await _page(request, event, error=_("请写明依据或理由（至少4个字）。"), reason=reason, status=422)
    portal = portal_of(request)
    try:
        is_first = await portal.happenings.decide(
            event.number,
            "confirm" if step == "confirm" else "undo",
            actor=person.actor,
            reason=reason,
            at=portal.clock(),
        )
    except NotPermitted:
        raise NotHere from None
    if not is_first:
        now = await _find(request, person)
        return await _page(request, now, error=_("这项联动已由别人处理。"), status=409)
    return RedirectResponse(f"/events/{event.number}", status_code=303)


async def _find(request: Request, person: Person) -> Event:
    event = await portal_of(request).notices.event(request.path_params["number"][:50])
    if event is None or not may_decide_event(person.actor, event.region):
        raise NotHere(_("没有这项联动，或者不是本辖区的。"))
    return event


async def _page(request: Request, event: Event, *, error: str = "", reason: str = "", status: int = 200) -> Response:
    portal = portal_of(request)
    fanout = portal.flows.fanouts.get(event.fanout)
    told = await portal.notices.of_event(event.number)
    context = EventPage(
        line=_line(portal, event),
        case_number=event.case_number,
        items=portal.item_words.lines(event.items),
        notices=notice_lines(told, portal.flows.reflux, portal.library, portal.item_words, at=portal.clock()),
        note=fanout.note if fanout is not None else "",
        may_confirm=event.state == "open",
        may_undo=event.state != "undone" and fanout is not None and any(a.how.undo for a in fanout.actions),
        decided_by=event.decided_by,
        decided_at=event.decided_at,
        decided_reason=event.reason,
        error=error,
        reason=reason,
    )
    return portal.renderer.page(request, "pages/event.html", context, status=status)


def _state(asked: str) -> EventState:
    return next((state for state in STATES if state == asked), "open")


def _line(portal: PortalState, event: Event) -> EventLine:
    word, tone = _WORDS[event.state]
    due_at = portal.happenings.due_at(event)
    return EventLine(
        number=event.number,
        title=fanout_name(event.fanout, portal.flows.fanouts),
        name=mask_name(event.name),
        word=_(word),
        tone=tone,
        happened_at=event.happened_at,
        due_at=due_at,
        is_late=due_at is not None and due_at < portal.clock(),
        region=event.region,
    )


routes: list[BaseRoute] = [
    Route("/events", signed_in(event_list), name="events"),
    Route("/events/{number}", signed_in(show), methods=["GET"], name="event"),
    Route("/events/{number}", signed_in(decide), methods=["POST"]),
]
