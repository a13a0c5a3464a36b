"""What the API's handlers may reach: one frozen object, made by `portal.app`, yielded by the lifespan under `api`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from config.clock import Clock
from config.language import Catalogue, Language
from config.state import StateStore
from portal.api.metrics import DeliveryCounts, Metrics

if TYPE_CHECKING:
    from portal.api.bearer import BearerTokens
    from portal.api.prepared import Prepared, PreparedGuides


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
    metrics: Metrics
    delivery_counts: DeliveryCounts
    metrics_token: str = field(repr=False)
    parts: Mapping[str, Callable[[], Awaitable[None]]]


def api_of(connection: HTTPConnection) -> ApiState:
    """Return the API's ports of this request."""
    return cast(ApiState, connection.state.api)
