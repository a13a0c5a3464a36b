"""Telling relying parties that a session is over: put on paper first, sent by `logout_sender.py` afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from secrets import token_urlsafe

from config.logs import get
from idp.protocol.access_token import LIFETIME as ACCESS_TOKEN_LIFETIME
from idp.protocol.client import Client
from idp.protocol.client_ports import Clients
from idp.protocol.grant_ports import RefreshTokenStore, RevokedGrants
from idp.protocol.logout import DeliveryState, LogoutDelivery, Occasion, ends_offline_access
from idp.protocol.logout_ports import LogoutQueue, LogoutQueueUnavailable

_log = get("onewindow.idp")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannelLogout:
    """`idp.sessions.Logout`: queues a notification per relying party and ends what outlives the session."""

    queue: LogoutQueue
    clients: Clients
    refresh_tokens: RefreshTokenStore
    revoked: RevokedGrants
    announce: Callable[[], Awaitable[None]]  # wakes the senders of other processes
    written: asyncio.Event = field(default_factory=asyncio.Event)  # wakes the one of this process

    async def tell(self, occasion: Occasion) -> bool:
        """Put on paper whom to tell, in one transaction; False when the database did not take it.

        Safe to repeat: an occasion tells each relying party once.
        """
        told = [client for client in [await self.clients.get(id_) for id_ in occasion.clients] if _wants(client)]
        deliveries = [_delivery(occasion, client) for client in told if client is not None]
        try:
            if deliveries:
                await self.queue.put(deliveries)
            if ends_offline_access(occasion.reason, occasion.window):
                for gid in await self.refresh_tokens.revoke_of_session(occasion.sid, at=occasion.at):
                    await self.revoked.add(gid, ACCESS_TOKEN_LIFETIME)
        except LogoutQueueUnavailable as error:
            _log.error("logout_not_queued", sub=occasion.sub, reason=occasion.reason, error=str(error))
            return False
        if deliveries:
            self.written.set()
            await self.announce()
        return True


def _wants(client: Client | None) -> bool:
    return client is not None and not client.disabled and bool(client.backchannel_logout_uri)


def _delivery(occasion: Occasion, client: Client) -> LogoutDelivery:
    return LogoutDelivery(
        id=token_urlsafe(16),
        occasion=occasion.id,
        sid=occasion.sid,
        sub=occasion.sub,
        client_id=client.client_id,
        reason=occasion.reason,
        state=DeliveryState.QUEUED,
        tries=0,
        answer="",
        next_try_at=occasion.at,
        created_at=occasion.at,
    )
