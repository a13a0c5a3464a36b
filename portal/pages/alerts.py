"""/alerts: what owners, managers and admins should know of, told once when it begins and once when it is over.

Whether something was read belongs to the reader alone: nobody sees who has read what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.incidents import Alert, Incident
from matters.policy import may_see_systems
from portal.guards import checked_form, signed_in
from portal.incident_words import incident_advice, incident_name, incident_what
from portal.people import Person
from portal.refusals import NotAllowed
from portal.state import PortalState, portal_of

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLine:
    """An incident in words. `cleared_at`: it seems over, and closes if it stays so."""

    system: str
    system_name: str
    name: str
    what: str
    advice: str
    opened_at: datetime
    cleared_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """One alert of the inbox. `key` names it in the form."""

    key: str
    incident: IncidentLine
    is_closing: bool
    at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsPage:
    """Context of pages/alerts.html. `system` is set where only that system's alerts are shown."""

    system: str
    system_name: str
    standing: Sequence[IncidentLine]
    alerts: Sequence[AlertLine]
    unread: int
    after: str


async def alerts(request: Request, person: Person) -> Response:
    """Show what is going on, and the newest alerts."""
    if not may_see_systems(person.actor):
        raise NotAllowed
    portal = portal_of(request)
    system = request.query_params.get("system", "")
    only = (system,) if system in portal.library.systems else None
    standing = await portal.alerts.standing()
    inbox = await portal.alerts.inbox(person.sub, systems=only, most=_MOST, after=request.query_params.get("after"))
    context = AlertsPage(
        system=system if only else "",
        system_name=portal.library.system_name(system) if only else "",
        standing=[_incident(portal, each) for each in standing if only is None or each.key.system in only],
        alerts=[_alert(portal, each) for each in inbox],
        unread=sum(not each.is_read for each in inbox),
        after=inbox.after or "",
    )
    return portal.renderer.page(request, "pages/alerts.html", context)


async def read(request: Request, person: Person) -> Response:
    """Keep that this person has read the alerts whose keys were posted."""
    form, portal = await checked_form(request), portal_of(request)
    if not may_see_systems(person.actor):
        raise NotAllowed
    keys = [key for key in form.getlist("alert") if isinstance(key, str)][:_MOST]
    pairs = [(id_[:36], event) for id_, _slash, event in (key.partition("/") for key in keys)]
    which = [(id_, event) for id_, event in pairs if event in ("opened", "closed")]
    await portal.alerts.read(person.sub, which, at=portal.clock())
    system = form.get("system", "")
    is_known = isinstance(system, str) and system in portal.library.systems
    return RedirectResponse(f"/alerts?system={system}" if is_known else "/alerts", status_code=303)


def _incident(portal: PortalState, incident: Incident) -> IncidentLine:
    return IncidentLine(
        system=incident.key.system,
        system_name=portal.library.system_name(incident.key.system),
        name=incident_name(incident.key.kind),
        what=incident_what(incident),
        advice=incident_advice(incident.key.kind),
        opened_at=incident.opened_at,
        cleared_at=incident.cleared_at,
        closed_at=incident.closed_at,
    )


def _alert(portal: PortalState, alert: Alert) -> AlertLine:
    return AlertLine(
        key=f"{alert.incident.id}/{alert.event}",
        incident=_incident(portal, alert.incident),
        is_closing=alert.event == "closed",
        at=alert.at,
        is_read=alert.is_read,
    )


routes: list[BaseRoute] = [
    Route("/alerts", signed_in(alerts), methods=["GET"], name="alerts"),
    Route("/alerts/read", signed_in(read), methods=["POST"]),
]
