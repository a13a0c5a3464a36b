"""What is counted for operators: requests by route, deliveries by state, how long the oldest has waited.

Labels are route templates, methods, statuses, system ids and states: never a number, a name or an address.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from config.asgi.types import App, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCount:
    """How many deliveries of one system are in one state, and the age of the oldest in seconds."""

    system: str
    state: str
    count: int
    oldest_seconds: float


DeliveryCounts = Callable[[], Awaitable[Iterable[DeliveryCount]]]


class Metrics:
    """The instruments of one process; each app of ours has its own registry, so that tests don't share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "onewindow_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "onewindow_request_seconds", "Time to the last byte.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._deliveries = Gauge(
            "onewindow_deliveries", "Deliveries by system and state.", ("system", "state"), registry=self.registry
        )
        self._age = Gauge(
            "onewindow_delivery_oldest_seconds", "Age of the oldest delivery in a state.", ("system", "state"),
            registry=self.registry,
        )  # fmt: skip

    def exposition(self, deliveries: Iterable[DeliveryCount]) -> bytes:
        """Return everything in the Prometheus text format."""
        self._deliveries.clear()
        self._age.clear()
        for each in deliveries:
            self._deliveries.labels(each.system, each.state).set(each.count)
            self._age.labels(each.system, each.state).set(each.oldest_seconds)
        return generate_latest(self.registry)


class RequestMetrics:
    """Counts every request of `app` under the template of the route that answered it."""

    def __init__(self, app: App, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route = getattr(scope.get("route"), "path", "") or "(none)"
            method = scope["method"] if scope["method"] in _METHODS else "(other)"
            self._metrics.requests.labels(route, method, str(status)).inc()
            self._metrics.seconds.labels(route).observe(perf_counter() - began)
