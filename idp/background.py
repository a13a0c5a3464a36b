"""What runs beside the provider's web app in every process: the sender of logouts, the watch over sessions, keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from config.egress import EgressClient, EgressError
from idp.logout_sender import LogoutSender
from idp.session_watch import SessionWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPost:
    """`idp.logout_sender.Post` through the egress filter; `own` is for addresses of this very installation."""

    egress: EgressClient
    own: EgressClient
    own_origin: str

    async def __call__(self, url: str, body: bytes, content_type: str) -> int | None:
        parts = urlsplit(url)
        way = self.own if f"{parts.scheme}://{parts.netloc}" == self.own_origin else self.egress
        try:
            return (await way.post(url, body, content_type=content_type)).status
        except EgressError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """The provider's background of one process."""

    sender: LogoutSender
    watch: SessionWatch
    others: tuple[Callable[[], Awaitable[None]], ...] = ()

    def hear(self, kind: str, key: str) -> None:
        """Take an announcement: somebody queued a logout, an account changed."""
        if kind == "logout":
            self.sender.written.set()
        elif kind == "account":
            self.watch.account_changed(key)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything until the block ends."""
        runs = (self.sender.run, self.watch.run, *self.others)
        tasks = [asyncio.ensure_future(run()) for run in runs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
