"""Systems that let nobody in before a person has read a picture: who waits, the picture, and what was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from config import logs
from config.state import StateStore
from connectors.errors import NotPermitted
from connectors.ports import Ledger
from connectors.system import System
from connectors.transport_ports import Transport
from connectors.transports.pages.log_in import Captcha, Typed
from connectors.waking import wake
from matters.policy import Actor, may_work_desk

log = logs.get(__name__)
LONGEST_TEXT = 20


@runtime_checkable
class ShowsPicture(Protocol):
    """A transport whose log-in shows a picture."""

    async def awaits_person(self) -> bool: ...

    async def picture(self) -> Captcha | None: ...

    async def typed(self, text: str) -> Typed: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LogInWaiting:
    """A system that waits for somebody to log in."""

    system: str
    system_name: str
    system_name_en: str


class LogIns:
    """The use cases of the desk's log-ins; whoever works a desk may help, for the account is the installation's."""

    def __init__(
        self, *, systems: Mapping[str, System], transports: Mapping[str, Transport], ledger: Ledger, state: StateStore
    ) -> None:
        self._systems = systems
        self._transports = transports
        self._ledger = ledger
        self._state = state

    async def waiting(self, actor: Actor) -> Sequence[LogInWaiting]:
        """Return the systems that wait for a person.

        Raises:
            NotPermitted: the actor works no desk.
        """
        self._check(actor)
        return [
            LogInWaiting(system=id_, system_name=self._systems[id_].name, system_name_en=self._systems[id_].name_en)
            for id_ in [id_ for id_, system in self._systems.items() if system.spec.form_post is not None]
            if (transport := self._asking(id_)) is not None and await transport.awaits_person()
        ]

    async def picture(self, system: str, actor: Actor) -> Captcha | None:
        """Return a fresh picture; the one before it is void. None when nobody is needed or the site is away.

        Raises:
            NotPermitted: the actor works no desk.
        """
        self._check(actor)
        transport = self._asking(system)
        return await transport.picture() if transport is not None else None

    async def typed(self, system: str, text: str, *, actor: Actor, at: datetime) -> Typed:
        """Log in with what was read; what waited for it goes out at once.

        Raises:
            NotPermitted: the actor works no desk.
        """
        self._check(actor)
        transport = self._asking(system)
        if transport is None:
            return "late"
        result = await transport.typed(text.strip()[:LONGEST_TEXT])
        log.info("department_log_in", system=system, by=actor.sub, result=result)
        if result == "open":
            await self._ledger.release(system=system, reason="person", at=at)
            await wake(self._state, system)
        return result

    def _asking(self, system: str) -> ShowsPicture | None:
        """Return the way to a system whose log-in may show a picture, as it is just now."""
        transport: object = self._transports.get(system)
        return transport if isinstance(transport, ShowsPicture) else None

    def _check(self, actor: Actor) -> None:
        if not may_work_desk(actor):
            raise NotPermitted(actor.sub)
