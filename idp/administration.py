"""Wiring for operators: the stores behind `onewindow account`, `client` and the demo's seed, without a web app."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from idp.passwords import Passwords
from idp.protocol.ports import AccountStore, ClientStore
from idp.storage.accounts import SqlAccountStore
from idp.storage.announce import Announcer
from idp.storage.clients import SqlClientStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """What an operator's commands work on; running processes hear of each change through the state store."""

    accounts: AccountStore
    clients: ClientStore
    passwords: Passwords

    @classmethod
    def over(cls, engine: AsyncEngine, state: StateStore) -> Self:
        announcer = Announcer(state)
        return cls(
            accounts=SqlAccountStore(engine, announcer),
            clients=SqlClientStore(engine, announcer),
            passwords=Passwords(),
        )
