"""Sends logout tokens to relying parties, beside the provider (Back-Channel Logout 1.0 §2.5).

A lane per client, so that one that is slow or gone keeps no other waiting. Each try is a fresh token with a `jti` of
its own. Any number of processes may run this: a notification under lease is left alone.
"""

import asyncio
from asyncio import Task
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from secrets import token_urlsafe
from typing import Final, Protocol
from urllib.parse import urlencode

from config.clock import Clock
from config.logs import get
from idp.protocol import logout_token
from idp.protocol.client import Client
from idp.protocol.client_ports import Clients
from idp.protocol.key_ports import Keys
from idp.protocol.logout import KEPT_FOR, LEASE, LogoutDelivery, settle
from idp.protocol.logout_ports import LogoutQueue
from idp.protocol.subject import SubjectFor

_log = get("onewindow.idp")
_FORM: Final = "application/x-www-form-urlencoded"
_AT_ONCE: Final = 4
_LOOK_EVERY: Final = timedelta(seconds=5)
_PRUNE_EVERY: Final = timedelta(hours=6)
_AFTER_FAULT: Final = timedelta(seconds=5)


class Post(Protocol):
    """The way out: filtered, bounded in time and size."""

    async def __call__(self, url: str, body: bytes, content_type: str) -> int | None:
        """Return the status of the answer; None when there was none in time, or the address is not allowed."""


@dataclass(slots=True, kw_only=True)
class LogoutSender:
    """One per process. `written` is set when this process, or an announcement, brought something new."""

    issuer: str
    queue: LogoutQueue
    clients: Clients
    keys: Keys
    post: Post
    subject_for: SubjectFor
    clock: Clock
    written: asyncio.Event
    owner: str = field(default_factory=lambda: token_urlsafe(12))
    _lanes: dict[str, "Task[None]"] = field(default_factory=dict)
    _prune_at: datetime | None = None

    async def run(self) -> None:
        """Send what is due, for ever; a fault of the database is waited out."""
        try:
            while True:
                self.written.clear()
                try:
                    await self._round()
                    wait = await self._until_next()
                except Exception as error:  # noqa: BLE001 - the task must outlive a database that is away
                    _log.error("logout_sender_fault", error=type(error).__name__)
                    wait = _AFTER_FAULT
                await self._woken_within(wait)
        finally:
            lanes = list(self._lanes.values())
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def drain(self) -> None:
        """Send what is due now and return when every lane has come to its end; for commands and tests."""
        await self._round()
        while self._lanes:
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _round(self) -> None:
        now = self.clock()
        for client_id in await self.queue.due_clients(now):
            if client_id not in self._lanes:
                lane = asyncio.create_task(self._lane(client_id), name=f"logout-{client_id}")
                self._lanes[client_id] = lane
                lane.add_done_callback(partial(self._ended, client_id))
        if self._prune_at is None or now >= self._prune_at:
            self._prune_at = now + _PRUNE_EVERY
            await self.queue.prune(now - KEPT_FOR)

    def _ended(self, client_id: str, lane: "Task[None]") -> None:
        self._lanes.pop(client_id, None)
        if not lane.cancelled() and (fault := lane.exception()) is not None:
            _log.error("logout_lane_fault", client_id=client_id, error=type(fault).__name__)

    async def _lane(self, client_id: str) -> None:
        while True:
            at = self.clock()
            taken = await self.queue.claim(client_id, owner=self.owner, at=at, until=at + LEASE, at_most=_AT_ONCE)
            if not taken:
                return
            client = await self.clients.get(client_id)
            await asyncio.gather(*(self._send(delivery, client) for delivery in taken))

    async def _send(self, delivery: LogoutDelivery, client: Client | None) -> None:
        at, tries = self.clock(), delivery.tries + 1
        status = None
        if client is not None and not client.disabled and client.backchannel_logout_uri:
            token = await self._token(delivery, client, at)
            status = await self.post(client.backchannel_logout_uri, urlencode({"logout_token": token}).encode(), _FORM)
        settled = settle(status, tries, at=self.clock())
        await self.queue.settle(delivery.id, settled, owner=self.owner, tries=tries, at=self.clock())
        _log.info("logout_told", client_id=delivery.client_id, state=settled.state, answer=settled.answer, tries=tries)

    async def _token(self, delivery: LogoutDelivery, client: Client, at: datetime) -> str:
        claims = logout_token.build(
            issuer=self.issuer,
            client=client,
            sub=self.subject_for(client, delivery.sub),
            sid=delivery.sid,
            jti=token_urlsafe(16),
            at=at,
        )
        ring = await self.keys.ring()
        return ring.sign(claims, alg=client.id_token_signed_response_alg, typ=logout_token.TYP)

    async def _until_next(self) -> timedelta:
        due = await self.queue.next_due()
        if due is None:
            return _LOOK_EVERY
        return min(max(due - self.clock(), timedelta(milliseconds=200)), _LOOK_EVERY)

    async def _woken_within(self, wait: timedelta) -> None:
        try:
            async with asyncio.timeout(wait.total_seconds()):
                await self.written.wait()
        except TimeoutError:
            pass
