"""What the API's handlers may reach: one frozen object, made by `portal.app`, yielded by the lifespan under `api`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from config.clock import Clock
from config.language import Catalogue, Language
from config.state import StateStore
from portal.api.metrics import Metrics
from portal.api.named import Named
from portal.api.ports import CallbackReceiver, RecentAttempts, Standings

if TYPE_CHECKING:
    from connectors.desk_ports import Deliveries
    from connectors.intake import Intake
    from connectors.system import System
    from matters.ports import CaseStore, GuideStore, MaterialFiles
    from matters.working_days import WorkingCalendar
    from portal.api.bearer import BearerTokens
    from portal.api.prepared import Prepared, PreparedGuides
    from portal.api.view_tokens import ViewTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiState:
    """The ports of the API. `parts` are asked by /readyz: each raises when it can't do its work."""

    base_url: str
    clock: Clock
    catalogues: Mapping[Language, Catalogue]
    state: StateStore
    tokens: "BearerTokens"
    guides: "PreparedGuides"
    description: "Mapping[Language, Prepared]"
    view_tokens: "ViewTokens"
    intake: "Intake"
    cases: "CaseStore"
    deliveries: "Deliveries"
    guide_store: "GuideStore"
    files: "MaterialFiles"
    calendar: "WorkingCalendar"
    systems: "Mapping[str, System]"
    callbacks: CallbackReceiver
    metrics: Metrics
    health: Standings
    attempts: RecentAttempts
    metrics_token: str = field(repr=False)
    parts: Mapping[str, Callable[[], Awaitable[None]]]

    def system_name(self, system: str) -> Named:
        """Return the name of a system; one that is no longer declared keeps its id."""
        known = self.systems.get(system)
        return Named(zh=known.name, en=known.name_en) if known else Named(zh=system, en=system)


def api_of(connection: HTTPConnection) -> ApiState:
    """Return the API's ports of this request."""
    return cast(ApiState, connection.state.api)
