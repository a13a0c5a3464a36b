"""/systems and /systems/{id}: how the department systems stand, for owners, managers and admins.

The list puts what harms most first. It shows counts of deliveries per system, never of persons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.health import SystemStanding
from connectors.ledger import Attempt
from matters.policy import may_see_systems
from portal.api.state import api_of
from portal.guards import signed_in
from portal.pages import systems_view
from portal.pages.systems_view import AlarmWord, OperationView, StandsWord
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLine:
    """One system of the list."""

    standing: SystemStanding
    word: StandsWord
    hours: str
    alarms: tuple[AlarmWord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemsPage:
    """Context of pages/systems.html and partials/systems-list.html."""

    lines: tuple[SystemLine, ...]
    protocols: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPage:
    """Context of pages/system.html. `sent_secrets` and `called_secrets` are names, never values."""

    line: SystemLine
    protocols: Mapping[str, str]
    maintenance: Sequence[str]
    address: str
    sent_secrets: Sequence[str]
    called_secrets: Sequence[str]
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
    context = SystemsPage(lines=tuple(map(_line, standings)), protocols=systems_view.PROTOCOL, at=at)
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
    context = SystemPage(
        line=_line(standing),
        protocols=systems_view.PROTOCOL,
        maintenance=systems_view.maintenance(spec.availability),
        address=portal.endpoints.get(wanted, ""),
        sent_secrets=systems_view.secret_names(spec.connection),
        called_secrets=systems_view.secret_names(spec.callback),
        operations=systems_view.operations(standing.system),
        outcomes=systems_view.OUTCOMES,
        attempts=await api.attempts.of_system(wanted, most=_ATTEMPTS),
        at=at,
    )
    return portal.renderer.page(request, "pages/system.html", context)


def _line(standing: SystemStanding) -> SystemLine:
    return SystemLine(
        standing=standing,
        word=systems_view.STANDS[standing.stands],
        hours=systems_view.hours(standing.system.spec.availability),
        alarms=systems_view.alarms(standing),
    )


routes: list[BaseRoute] = [
    Route("/systems", signed_in(systems), name="systems"),
    Route("/systems/{system}", signed_in(system), name="system"),
]
