"""Sessions at the provider: started at sign-in, read from the cookie, ended everywhere by sid."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe

from config.logs import get
from idp.protocol import session as rules
from idp.protocol.account import Account
from idp.protocol.ports import Accounts, SessionStore
from idp.protocol.session import Session

_log = get("onewindow.idp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The session rules over the stores."""

    store: SessionStore
    accounts: Accounts

    async def read(self, cookie: str | None, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the session a cookie opens, with its account; None when either is not alive."""
        parsed = rules.parse_cookie(cookie)
        return await self._live(parsed[0], parsed[1], at) if parsed else None

    async def by_sid(self, sid: str, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the session of a token's sid, with its account; None when either is not alive."""
        return await self._live(sid, None, at) if sid else None

    async def start(self, account: Account, *, cookie: str | None, at: datetime) -> str:
        """Start the session of a fresh sign-in and return its cookie; another person's session here ends."""
        previous = await self.read(cookie, at=at)
        started, fresh = rules.start(
            account, previous=previous[0] if previous else None, at=at, token_urlsafe=token_urlsafe
        )
        if previous is not None and previous[0].sid != started.sid:
            await self.end(previous[0].sid)
        await self.store.put(started, rules.lifetime(started, at=at))
        _log.info("sign_in", sub=account.sub, acr=started.acr)
        return fresh

    async def note_use(self, session: Session, client_id: str, *, at: datetime) -> None:
        """Move the idle limit on and remember the client for logout."""
        for _ in range(3):
            changed = rules.used(session, client_id, at=at)
            if changed is session or await self.store.change(session, changed, rules.lifetime(changed, at=at)):
                return
            again = await self.store.get(session.sid)
            if again is None:
                return
            session = again

    async def end(self, sid: str) -> Session | None:
        """End a session and return it as it was; every code and token that needs it is dead from now on."""
        ended = await self.store.end(sid)
        if ended is not None:
            _log.info("sign_out", sub=ended.sub, clients=list(ended.clients))
        return ended

    async def _live(self, sid: str, secret: str | None, at: datetime) -> tuple[Session, Account] | None:
        session = await self.store.get(sid)
        if session is None:
            return None
        account = await self.accounts.get(session.sub)
        if account is None or not rules.holds(session, secret, account, at=at):
            return None
        return session, account
