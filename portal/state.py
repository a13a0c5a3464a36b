"""What handlers may reach: one frozen object, made by `portal.app` at start, found through `portal_of`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from config.clock import Clock
from config.settings import Settings
from config.state import StateStore
from connectors.alerting import AlertBook
from connectors.carrying import Carrying
from connectors.desk import Desk
from connectors.desk_ports import Deliveries
from connectors.flows import Flows
from connectors.happenings import Happenings
from connectors.health import Health
from connectors.intake import Intake
from connectors.log_ins import LogIns
from connectors.maintaining import Maintenance
from connectors.notice_desk import NoticeDesk
from connectors.notices import NoticeBook
from connectors.registry import Registry
from connectors.repairing import Repairs
from connectors.replaying import Replays
from connectors.secrets_dir import Secrets
from connectors.trying import Trials
from connectors.unread_looks import Unreads
from connectors.usage import UsageBook
from connectors.window_steps import WindowSteps
from matters.ports import CaseStore, DisclosureStore, DraftStore, GuideStore, MaterialFiles
from matters.search import MatterIndex
from matters.working_days import WorkingCalendar
from portal.item_words import ItemWords
from portal.library import Library
from portal.parked import Parked
from portal.people import Person
from portal.sessions import Cookies, Session, Sessions
from portal.working_copies import WorkingCopies

if TYPE_CHECKING:
    from matters.storage.regions import SqlRegions
    from portal.relying_party import RelyingParty
    from portal.rendering import Renderer


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalState:
    """The ports of the portal."""

    settings: Settings
    clock: Clock
    state: StateStore
    cookies: Cookies
    sessions: Sessions
    renderer: "Renderer"
    library: Library
    index: MatterIndex
    endpoints: Mapping[str, str]
    relying_party: "RelyingParty"
    parked: Parked
    calendar: WorkingCalendar
    guides: GuideStore
    cases: CaseStore
    disclosures: DisclosureStore
    drafts: DraftStore
    files: MaterialFiles
    intake: Intake
    deliveries: Deliveries
    window_steps: WindowSteps
    desk: Desk
    carrying: Carrying
    log_ins: LogIns
    replays: Replays
    trials: Trials
    repairs: Repairs
    unreads: Unreads
    health: Health
    flows: Flows
    notices: NoticeBook
    notice_desk: NoticeDesk
    happenings: Happenings
    item_words: ItemWords
    alerts: AlertBook
    maintenance: Maintenance
    usage: UsageBook
    secrets: Secrets
    registry: Registry
    regions: "SqlRegions"
    working_copies: WorkingCopies


def portal_of(connection: HTTPConnection) -> PortalState:
    """Return the portal's ports of this request."""
    return cast(PortalState, connection.state.portal)


def session_of(connection: HTTPConnection) -> Session | None:
    """Return the session of this request; None for a visitor."""
    return cast("Session | None", connection.scope.get("portal_session"))


def person_of(connection: HTTPConnection) -> Person | None:
    """Return who is signed in; None for a visitor."""
    session = session_of(connection)
    return session.person if session else None
