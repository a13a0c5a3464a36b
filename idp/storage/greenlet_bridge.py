"""`idp.protocol.grant_ports.Bridge` over SQLAlchemy's greenlets: a synchronous call that can wait on the loop.

A thread hop instead would cost 240 µs a request and hold a thread while waiting (docs/decisions).
"""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.util.concurrency import await_only, greenlet_spawn

P = ParamSpec("P")
T = TypeVar("T")


class GreenletBridge:
    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await greenlet_spawn(lambda: function(*args, **kwargs))

    def wait(self, awaitable: Awaitable[T]) -> T:
        return await_only(awaitable)
