"""What a person sees of a session that ended: who has been told, who has not. Kept for ten minutes after it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from idp.protocol.client import Client
from idp.protocol.client_ports import Clients
from idp.protocol.front_channel_logout import frames, is_told_in_browser
from idp.protocol.logout import Farewell, LogoutDelivery, Told, told
from idp.protocol.logout_ports import LogoutQueue

LIVES: Final = timedelta(minutes=10)
# Waits before looking again: a system that answers at once is seen at once, a slow one keeps nobody for long.
_LOOKS_SECONDS: Final = (0.05, 0.15, 0.3, 0.5, 0.7, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemTold:
    """One system and what became of it."""

    name: str
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How far telling is; `frames` are for the browser to load once."""

    systems: tuple[SystemTold, ...]
    frames: tuple[str, ...]

    @property
    def waiting(self) -> bool:
        """Some system has not answered yet."""
        return any(one.told is Told.WAITING for one in self.systems)

    @property
    def all_ended(self) -> bool:
        """Every system confirmed."""
        return all(one.told is Told.ENDED for one in self.systems)


async def outcome(farewell: Farewell, *, queue: LogoutQueue, clients: Clients, issuer: str, patient: bool) -> Outcome:
    """Return how far it is; `patient` waits for answers, for at most two and a half seconds."""
    found = [await clients.get(client_id) for client_id in farewell.clients]
    known = [client for client in found if client is not None and not client.disabled]
    made = _outcome(farewell, known, await queue.of_occasion(farewell.occasion), issuer)
    for seconds in _LOOKS_SECONDS if patient else ():
        if not made.waiting:
            break
        await asyncio.sleep(seconds)
        made = _outcome(farewell, known, await queue.of_occasion(farewell.occasion), issuer)
    return made


def _outcome(
    farewell: Farewell, clients: Sequence[Client], deliveries: Sequence[LogoutDelivery], issuer: str
) -> Outcome:
    by_client = {delivery.client_id: delivery for delivery in deliveries}
    systems = tuple(
        SystemTold(name=client.client_name or client.client_id, told=_told(client, by_client.get(client.client_id)))
        for client in clients
    )
    return Outcome(systems=systems, frames=frames(clients, issuer=issuer, sid=farewell.sid))


def _told(client: Client, delivery: LogoutDelivery | None) -> Told:
    if delivery is not None:
        return told(delivery)
    if client.backchannel_logout_uri:
        return Told.WAITING  # not on paper yet: the watch over sessions sees to it
    return Told.IN_BROWSER if is_told_in_browser(client) else Told.NOT_TOLD
