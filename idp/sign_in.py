"""Password sign-in: bounded guessing, equal time, one answer for every wrong pair."""

from dataclasses import dataclass
from enum import StrEnum

from config.clock import Clock
from config.logs import get
from idp.audit import Audit
from idp.passwords import Passwords, TooBusy
from idp.protocol.account import Account, fold_username
from idp.protocol.account_ports import AccountStore
from idp.protocol.audit import AuditKind
from idp.protocol.session_ports import Attempts
from idp.protocol.throttle import failure_counters, failure_is_told, sign_in_bounds

_log = get("onewindow.idp")


class Refusal(StrEnum):
    """Why nobody is signed in; the page has a sentence for each."""

    MISSING = "missing"  # user name or password left empty
    WRONG = "wrong"  # no such pair, or the account is stopped: the same answer
    THROTTLED = "throttled"  # too many attempts, wait for the window to pass
    BUSY = "busy"  # too many sign-ins at this moment


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The use case behind the sign-in page."""

    accounts: AccountStore
    attempts: Attempts
    passwords: Passwords
    audit: Audit
    clock: Clock

    async def with_password(
        self, username: str, password: str, *, address: str, known_browser: str | None
    ) -> Account | Refusal:
        """Return who signed in, or why nobody did.

        `known_browser` identifies a browser that signed in to this very account before; None for any other.
        """
        folded = fold_username(username)
        if not folded or not password:
            return Refusal.MISSING
        bounds = sign_in_bounds(folded, address, known_browser=known_browser)
        # Every counter counts before the password is looked at, so that parallel guesses are bounded too.
        hits = [await self.attempts.count(bound) for bound in bounds]
        if any(hit > bound.attempts for hit, bound in zip(hits, bounds, strict=True)):
            _log.warning("sign_in_refused", reason=Refusal.THROTTLED)
            await self._tell_failure(folded, Refusal.THROTTLED)
            return Refusal.THROTTLED
        found = await self.accounts.by_username(folded[:64])
        try:
            right = await self.passwords.is_right(password, found[1] if found else "")
        except TooBusy:
            return Refusal.BUSY
        if found is None or not right or found[0].disabled:
            _log.warning("sign_in_refused", reason=Refusal.WRONG, sub=found[0].sub if found else None)
            await self._tell_failure(folded, Refusal.WRONG)
            return Refusal.WRONG
        for bound in bounds[:2]:
            await self.attempts.forget(bound)
        return found[0]

    async def _tell_failure(self, folded: str, refusal: Refusal) -> None:
        own, everywhere = [await self.attempts.count(counter) for counter in failure_counters(folded)]
        if not failure_is_told(own, everywhere):
            return
        found = await self.accounts.by_username(folded[:64])
        await self.audit.write(
            AuditKind.SIGN_IN_FAILED, sub=found[0].sub if found else "",
            detail={"attempts": own, "count": everywhere, "reason": str(refusal)}, at=self.clock(),
        )  # fmt: skip
