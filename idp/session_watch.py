"""Ends sessions nobody ends by hand: the shift is over, the limit reached, the account stopped or changed.

Each process looks at what came due since it last looked; the first look goes back as far as sessions are kept.
Of several processes that see the same one, one ends it. Accounts are looked at when a change is announced, and, as an
announcement may get lost or come from a process without our state store, whenever SQL shows one.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from config.clock import Clock
from config.logs import get
from idp.protocol import session as rules
from idp.protocol.account import Account
from idp.protocol.account_ports import Accounts
from idp.protocol.session import KEPT_AFTER_END, Ending
from idp.sessions import Sessions

_log = get("onewindow.idp")
_LOOK_EVERY: Final = timedelta(seconds=15)
_OVERLAP: Final = timedelta(minutes=2)  # the grain of the list, and clocks that differ


class ChangedAccounts(Protocol):
    """Which accounts changed."""

    async def changed_since(self, at: datetime) -> tuple[str, ...]:
        """Return the subs of accounts written since a moment."""


@dataclass(slots=True, kw_only=True)
class SessionWatch:
    """One per process."""

    sessions: Sessions
    accounts: Accounts
    changes: ChangedAccounts
    clock: Clock
    changed: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _looked_at: datetime | None = None

    def account_changed(self, sub: str) -> None:
        """Look at this person's sessions next."""
        self.changed.add(sub)
        self.woken.set()

    async def run(self) -> None:
        """Look, for ever; a store that is away is waited out."""
        while True:
            self.woken.clear()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the task must outlive a store that is away
                _log.error("session_watch_fault", error=type(error).__name__)
            try:
                async with asyncio.timeout(_LOOK_EVERY.total_seconds()):
                    await self.woken.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """End what is over by now, and finish what was ended but not yet told."""
        at = self.clock()
        since = (self._looked_at or at - KEPT_AFTER_END) - _OVERLAP
        announced, self.changed = self.changed, set()
        await self._check_people({*announced, *await self.changes.changed_since(since)}, at)
        for sid in await self.sessions.store.due(since, at):
            await self._check(sid, at)
        self._looked_at = at

    async def _check(self, sid: str, at: datetime) -> None:
        session = await self.sessions.store.get(sid)
        if session is None:
            return
        if session.ended_by:
            await self.sessions.finish(session, at=at)
        elif at >= session.over_at:
            await self.sessions.end(sid, rules.why_over(session), at=at)

    async def _check_people(self, subs: Iterable[str], at: datetime) -> None:
        for sub in subs:
            account = await self.accounts.get(sub)
            for session in await self.sessions.store.of_account(sub):
                if account is None or not account.honours(session.auth_time):
                    await self.sessions.end(session.sid, _why(account), at=at)


def _why(account: Account | None) -> Ending:
    return Ending.ACCOUNT_STOPPED if account is None or account.disabled else Ending.ACCOUNT_CHANGED
