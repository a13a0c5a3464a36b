"""/systems and /systems/{id}: how the department systems stand, for owners, managers and admins.

The list puts what harms most first. It shows counts of deliveries per system, never of persons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.expiry import Expiry, expiries
from connectors.health import SystemStanding
from connectors.ledger import Attempt
from connectors.maintenance import Window
from connectors.secret_names import secrets_in_service
from matters.policy import may_see_systems
from portal.api.state import api_of
from portal.guards import signed_in
from portal.pages import board_view, systems_view
from portal.pages.board_view import BoardLine, ExpiryView, Reason
from portal.pages.systems_view import AlarmWord, OperationView, StandsWord
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _

_ATTEMPTS = 20
_UNREAD_OF = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLine:
    """One system of the list."""

    standing: SystemStanding
    word: StandsWord
    hours: str
    alarms: tuple[AlarmWord, ...]
    board: BoardLine


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemsPage:
    """Context of pages/systems.html and partials/systems-list.html. `unread` alerts are the reader's own."""

    lines: tuple[SystemLine, ...]
    protocols: Mapping[str, str]
    unread: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPage:
    """Context of pages/system.html. `secrets` are names with dates, never values."""

    line: SystemLine
    protocols: Mapping[str, str]
    maintenance: Sequence[str]
    address: str
    secrets: Sequence[ExpiryView]
    windows: Sequence[Window]
    reasons: Sequence[Reason]
    operations: Sequence[OperationView]
    outcomes: Mapping[str, str]
    attempts: Sequence[Attempt]
    at: datetime


async def systems(request: Request, person: Person) -> Response:
    """List every system, the one that harms most first."""
    if not may_see_systems(person.actor):
        raise NotAllowed
    api = api_of(request)
    at = api.clock()
    standings = sorted(await api.health.all(at), key=lambda each: systems_view.harm(each, at))
    expiries = await _expiries(request, standings)
    context = SystemsPage(
        lines=tuple(_line(each, expiries[each.system.id], at) for each in standings),
        protocols=systems_view.PROTOCOL,
        unread=await portal_of(request).alerts.unread(person.sub, systems=None, since=at - _UNREAD_OF),
        at=at,
    )
    return portal_of(request).renderer.page(
        request, "pages/systems.html", context, partial="partials/systems-list.html"
    )


async def system(request: Request, person: Person) -> Response:
    """Show one system: how it stands, what it is sent, what its answers mean, the last attempts."""
    if not may_see_systems(person.actor):
        raise NotAllowed
    api, portal = api_of(request), portal_of(request)
    wanted, at = request.path_params["system"], api.clock()
    standing = next((each for each in await api.health.all(at) if each.system.id == wanted), None)
    if standing is None:
        raise NotHere(_("没有这个系统。请从系统列表中选择。"))
    spec = standing.system.spec
    expiries = (await _expiries(request, [standing]))[wanted]
    context = SystemPage(
        line=_line(standing, expiries, at),
        protocols=systems_view.PROTOCOL,
        maintenance=systems_view.maintenance(spec.availability),
        address=portal.endpoints.get(wanted, ""),
        secrets=board_view.expiry_views(standing, expiries, at),
        windows=[window for window in standing.health.windows if window.begins_at < window.ends_at],
        reasons=board_view.reasons(standing.health.day, standing.system),
        operations=systems_view.operations(standing.system),
        outcomes=systems_view.OUTCOMES,
        attempts=await api.attempts.of_system(wanted, most=_ATTEMPTS),
        at=at,
    )
    return portal.renderer.page(request, "pages/system.html", context)


async def _expiries(request: Request, standings: Sequence[SystemStanding]) -> Mapping[str, Sequence[Expiry]]:
    """Return how the secrets of these systems stand; files are read in a thread."""
    secrets = portal_of(request).secrets

    def read() -> Mapping[str, Sequence[Expiry]]:
        return {each.system.id: expiries(list(secrets_in_service(each.system)), secrets) for each in standings}

    return await to_thread.run_sync(read)


def _line(standing: SystemStanding, expiries: Sequence[Expiry], at: datetime) -> SystemLine:
    return SystemLine(
        standing=standing,
        word=systems_view.STANDS[standing.stands],
        hours=systems_view.hours(standing.system.spec.availability),
        alarms=systems_view.alarms(standing),
        board=board_view.board_line(standing, expiries, at),
    )


routes: list[BaseRoute] = [
    Route("/systems", signed_in(systems), name="systems"),
    Route("/systems/{system}", signed_in(system), name="system"),
]
