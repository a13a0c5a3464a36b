"""What is counted for operators: requests by route, deliveries by state, how long the oldest has waited.

Labels are route templates, methods, statuses, system ids and states: never a number, a name or an address.
"""

from collections.abc import Iterable
from datetime import datetime
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from config.asgi.types import App, Message, Receive, Scope, Send
from connectors.health import SystemStanding

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


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
        self._oldest = Gauge(
            "onewindow_delivery_oldest_seconds",
            "How long the oldest delivery of a system has waited.",
            ("system",),
            registry=self.registry,
        )
        self._breaker = Gauge(
            "onewindow_breaker_open", "1 while a system is not spoken to.", ("system",), registry=self.registry
        )

    def exposition(self, standings: Iterable[SystemStanding], at: datetime) -> bytes:
        """Return everything in the Prometheus text format."""
        for gauge in (self._deliveries, self._oldest, self._breaker):
            gauge.clear()
        for standing in standings:
            system, since = standing.system.id, standing.health.oldest_waiting_at
            for state, count in standing.health.counts.items():
                self._deliveries.labels(system, state).set(count)
            self._oldest.labels(system).set((at - since).total_seconds() if since else 0)
            self._breaker.labels(system).set(standing.stands == "breaker")
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
