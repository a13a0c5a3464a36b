"""Sessions at the provider: started at sign-in, read from the cookie, locked, ended everywhere by sid."""

from dataclasses import dataclass
from datetime import datetime, time
from secrets import token_urlsafe
from typing import Final, Protocol

from config.logs import get
from idp.audit import Audit
from idp.protocol import session as rules
from idp.protocol.account import Account
from idp.protocol.account_ports import Accounts
from idp.protocol.acr import AMR_PASSWORD
from idp.protocol.audit import AuditKind
from idp.protocol.logout import Occasion, occasion_of
from idp.protocol.session import Ending, Session
from idp.protocol.session_ports import SessionStore
from idp.protocol.shift import next_shift_end

_log = get("onewindow.idp")
_TRIES: Final = 5
_KINDS: Final = {
    Ending.SIGNED_OUT: AuditKind.SIGN_OUT,
    Ending.HANDED_OVER: AuditKind.WINDOW_HANDED_OVER,
    Ending.LOCKED: AuditKind.WINDOW_LOCKED,
}


class Logout(Protocol):
    """Telling relying parties."""

    async def tell(self, occasion: Occasion) -> bool:
        """Put on paper whom to tell; False when it could not be written and has to be repeated. Repeating is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The session rules over the stores. `shift_ends` are times of day in Shanghai, empty where there are none."""

    store: SessionStore
    accounts: Accounts
    logout: Logout
    audit: Audit
    shift_ends: tuple[time, ...] = ()

    async def read(self, cookie: str | None, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the session a cookie opens, with its account; None when either is not alive."""
        parsed = rules.parse_cookie(cookie)
        return await self._live(parsed[0], parsed[1], at) if parsed else None

    async def kept(self, cookie: str | None, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the cookie's session even while it is locked or idle, for the pages that say so; nothing else."""
        parsed = rules.parse_cookie(cookie)
        found = await self._found(parsed[0]) if parsed else None
        if parsed is None or found is None or not rules.is_kept(found[0], parsed[1], found[1], at=at):
            return None
        return found

    async def by_sid(self, sid: str, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the session of a token's sid, with its account; None when either is not alive."""
        return await self._live(sid, None, at) if sid else None

    async def of_grant(self, sid: str, gid: str, *, at: datetime) -> tuple[Session, Account] | None:
        """Return the session of a token's sid, with its account; None too when the token's grant was revoked."""
        found = await self._with_account(await self.store.get_for_grant(sid, gid))
        return found if found is not None and rules.holds(found[0], None, found[1], at=at) else None

    async def of_account(self, sub: str, *, at: datetime) -> tuple[Session, ...]:
        """Return a person's sessions that are not over, locked and idle ones too, latest first."""
        account = await self.accounts.get(sub)
        found = await self.store.of_account(sub)
        kept = (session for session in found if rules.is_kept(session, None, account, at=at))
        return tuple(sorted(kept, key=lambda session: session.auth_time, reverse=True))

    async def start(
        self,
        account: Account,
        *,
        cookie: str | None,
        at: datetime,
        window: str = "",
        amr: tuple[str, ...] = AMR_PASSWORD,
    ) -> str:
        """Start the session of a fresh sign-in and return its cookie; another person's session here ends."""
        ends_at = next_shift_end(at, self.shift_ends)
        previous = await self.kept(cookie, at=at)
        if previous is not None and previous[0].sub != account.sub:
            await self.end(previous[0].sid, Ending.HANDED_OVER, at=at)
        for _ in range(_TRIES):
            same = previous[0] if previous is not None and previous[0].sub == account.sub else None
            started, fresh = rules.start(
                account, previous=same, at=at, token_urlsafe=token_urlsafe, window=window, ends_at=ends_at, amr=amr
            )
            ttl = rules.lifetime(started, at=at)
            if same is None:
                await self.store.put(started, ttl)
                break
            # Swapped, not put: what was ended meanwhile must not come back to life.
            if await self.store.change(same, started, ttl):
                break
            previous = await self.kept(cookie, at=at)
        else:
            started, fresh = rules.start(
                account, previous=None, at=at, token_urlsafe=token_urlsafe, window=window, ends_at=ends_at, amr=amr
            )
            await self.store.put(started, rules.lifetime(started, at=at))
        _log.info("sign_in", sub=account.sub, acr=started.acr)
        return fresh

    async def strengthen(self, session: Session, amr: tuple[str, ...], *, at: datetime) -> str | None:
        """Add a proof to a session and return its new cookie, for the old one opens it no more; None when it is over."""
        for _ in range(_TRIES):
            stronger, fresh = rules.strengthened(session, amr, token_urlsafe=token_urlsafe)
            if await self.store.change(session, stronger, rules.lifetime(stronger, at=at)):
                _log.info("step_up", sub=session.sub, acr=stronger.acr)
                return fresh
            again = await self.store.get(session.sid)
            if again is None or again.ended_by or again.locked_at or again.secret_hash != session.secret_hash:
                return None
            session = again
        return None

    async def note_use(self, session: Session, client_id: str, *, at: datetime) -> None:
        """Move the idle limit on and remember the client for logout."""
        for _ in range(3):
            changed = rules.used(session, client_id, at=at)
            if changed is session or await self.store.change(session, changed, rules.lifetime(changed, at=at)):
                return
            again = await self.store.get(session.sid)
            if again is None or again.ended_by:
                return
            session = again

    async def lock(self, sid: str, *, unlock_to: str = "", at: datetime) -> Occasion | None:
        """Lock a session: it answers nothing, and relying parties are told to end theirs; None when it is over.

        `unlock_to` is where the person signs in again.
        """
        for _ in range(_TRIES):
            session = await self.store.get(sid)
            if session is None or session.ended_by:
                return None
            changed = rules.locked(session, unlock_to=unlock_to, at=at)
            if await self.store.change(session, changed, rules.lifetime(changed, at=at)):
                occasion = Occasion(
                    id=token_urlsafe(16), sid=sid, sub=session.sub, reason=Ending.LOCKED,
                    clients=session.clients, window=session.window, at=at,
                )  # fmt: skip
                _log.info("session_locked", sub=session.sub)
                await self.logout.tell(occasion)
                await self._note(changed, Ending.LOCKED, at)
                return occasion
        return None

    async def end(self, sid: str, reason: Ending = Ending.SIGNED_OUT, *, at: datetime) -> Session | None:
        """End a session and return it as it was; every code and token that needs it is dead from now on.

        Of several callers at once one gets the session, the others None. Its relying parties are told.
        """
        for _ in range(_TRIES):
            session = await self.store.get(sid)
            if session is None or session.ended_by:
                return None
            ended = rules.ended(session, reason, token_urlsafe(16))
            # Due at once, should this process die before telling is on paper.
            await self.store.due_at(sid, at)
            if await self.store.change(session, ended, rules.KEPT_AFTER_END):
                _log.info("sign_out", sub=ended.sub, reason=reason, clients=list(ended.clients))
                await self.finish(ended, at=at)
                await self._note(ended, reason, at)
                return ended
        return None

    async def end_all(self, sub: str, reason: Ending, *, at: datetime, but: str = "") -> int:
        """End every session of a person except the one with sid `but`, and return how many."""
        sids = [session.sid for session in await self.store.of_account(sub) if session.sid != but]
        return sum([await self.end(sid, reason, at=at) is not None for sid in sids])

    async def finish(self, ended: Session, *, at: datetime) -> None:
        """Tell the relying parties of an ended session, then forget it; what can't be written is tried again later."""
        if await self.logout.tell(occasion_of(ended, at=at)):
            await self.store.forget(ended)

    async def _note(self, session: Session, reason: Ending, at: datetime) -> None:
        detail: dict[str, str | list[str]] = {"clients": list(session.clients)}
        if session.window:
            detail["window"] = session.window
        if reason not in _KINDS:
            detail["reason"] = reason.value
        kind = _KINDS.get(reason, AuditKind.SESSION_ENDED)
        await self.audit.write(kind, sub=session.sub, sid=session.sid, detail=detail, at=at)

    async def _live(self, sid: str, secret: str | None, at: datetime) -> tuple[Session, Account] | None:
        found = await self._found(sid)
        return found if found is not None and rules.holds(found[0], secret, found[1], at=at) else None

    async def _found(self, sid: str) -> tuple[Session, Account] | None:
        return await self._with_account(await self.store.get(sid))

    async def _with_account(self, session: Session | None) -> tuple[Session, Account] | None:
        account = await self.accounts.get(session.sub) if session is not None else None
        return None if session is None or account is None else (session, account)
