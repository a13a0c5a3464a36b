"""Makes the API's state from what the process has; `portal.app` calls it once and yields it under `api`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx2

from config.clock import Clock
from config.language import Catalogue, Language
from config.settings import Settings
from config.state import StateStore
from connectors.desk_ports import Deliveries
from connectors.intake import Intake
from connectors.system import System
from matters.guide import Matter
from matters.ports import CaseStore, GuideStore, MaterialFiles
from matters.working_days import WorkingCalendar
from portal.api import description
from portal.api.bearer import BearerTokens
from portal.api.metrics import Metrics
from portal.api.ports import CallbackReceiver, RecentAttempts, Standings
from portal.api.prepared import PreparedGuides
from portal.api.senders import Senders
from portal.api.signing_keys import SigningKeys
from portal.api.state import ApiState
from portal.api.view_tokens import ViewTokens

_BACK_CHANNEL_SECONDS = 5.0


def make_signing_keys(settings: Settings, clock: Clock, back_channel: httpx2.AsyncBaseTransport | None) -> SigningKeys:
    """Return the provider's keys, for access tokens and logout tokens alike."""
    client = httpx2.AsyncClient(transport=back_channel, timeout=_BACK_CHANNEL_SECONDS)
    return SigningKeys(issuer=settings.issuer, client=client, clock=clock)


def make_api_state(
    *,
    settings: Settings,
    clock: Clock,
    state: StateStore,
    catalogues: Mapping[Language, Catalogue],
    keys: SigningKeys,
    published: Callable[[], Sequence[Matter]],
    guide_store: GuideStore,
    intake: Intake,
    cases: CaseStore,
    deliveries: Deliveries,
    files: MaterialFiles,
    calendar: WorkingCalendar,
    systems: Mapping[str, System],
    callbacks: CallbackReceiver,
    health: Standings,
    attempts: RecentAttempts,
    ping_database: Callable[[], Awaitable[None]],
    metrics: Metrics,
) -> ApiState:
    """Return the ports of the API. `published` gives the guides as they stand; another sequence means new guides."""

    async def guides_are_loaded() -> None:
        if not published():
            raise LookupError("no guide is published")

    return ApiState(
        base_url=settings.base_url,
        clock=clock,
        catalogues=catalogues,
        state=state,
        tokens=BearerTokens(
            issuer=settings.issuer,
            audience=f"{settings.base_url}/api/v1",
            keys=keys,
            senders=Senders(base_url=settings.base_url, state=state, clock=clock),
            clock=clock,
        ),
        guides=PreparedGuides(published),
        description=description.prepare(base_url=settings.base_url, issuer=settings.issuer, catalogues=catalogues),
        view_tokens=ViewTokens(settings.secret_key.get_secret_value()),
        intake=intake,
        cases=cases,
        deliveries=deliveries,
        guide_store=guide_store,
        files=files,
        calendar=calendar,
        systems=systems,
        callbacks=callbacks,
        metrics=metrics,
        health=health,
        attempts=attempts,
        metrics_token=settings.metrics_token.get_secret_value(),
        parts={"database": ping_database, "state": state.ping, "guides": guides_are_loaded},
    )
