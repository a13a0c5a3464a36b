"""Second factors: checking them while signing in, setting them up and removing them.

Each check counts before it looks, each code and each challenge is used up in one atomic step, and every one of
these is written to the audit. Nothing here signs anybody in: what was proven is returned.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from secrets import randbelow, token_bytes

from config.logs import get
from idp.audit import Audit
from idp.protocol import passkey as passkey_rules
from idp.protocol import recovery_code, totp
from idp.protocol.account import Account
from idp.protocol.account_ports import Accounts
from idp.protocol.acr import AMR_ONE_TIME_CODE
from idp.protocol.audit import AuditEvent, AuditKind
from idp.protocol.factor_ports import (
    ChallengeStore,
    EnrolmentStore,
    FactorStore,
    PasskeyStore,
    RecoveryCodeStore,
    TotpStore,
)
from idp.protocol.factors import Factors
from idp.protocol.passkey import CHALLENGE_BYTES, CHALLENGE_LIFETIME, Passkey, PasskeyRefused, Site
from idp.protocol.session_ports import Attempts
from idp.protocol.throttle import WINDOW, passkey_bound, second_factor_bounds

_log = get("onewindow.idp")


class FactorRefusal(StrEnum):
    """Why a second factor was not taken; the pages have a sentence for each."""

    MISSING = "missing"  # nothing was typed
    WRONG = "wrong"  # not the code of this moment, or used before
    THROTTLED = "throttled"
    PASSKEY = "passkey"  # the answer doesn't hold, or its challenge is used up or too old
    KNOWN = "known"  # this passkey is registered already, or there are ten
    GONE = "gone"  # the key shown is no longer waited for: begin again


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    """The use cases over the stores. `code_key` makes recovery codes worthless without it."""

    factors: FactorStore
    totp: TotpStore
    passkeys: PasskeyStore
    recovery_codes: RecoveryCodeStore
    challenges: ChallengeStore
    enrolments: EnrolmentStore
    attempts: Attempts
    accounts: Accounts
    audit: Audit
    site: Site
    code_key: bytes = field(repr=False)

    async def of(self, sub: str) -> Factors:
        """Return what is set up; passkeys count only where this address lets them work."""
        found = await self.factors.of(sub)
        return found if self.site.available else Factors(totp=found.totp, recovery_codes=found.recovery_codes)

    # ---- while signing in ----

    async def with_code(self, sub: str, text: str, *, at: datetime) -> tuple[str, ...] | FactorRefusal:
        """Take a one-time code, or a recovery code in its place; return the amr that goes with the password."""
        if not text.strip():
            return FactorRefusal.MISSING
        if await self._too_many(sub):
            await self._failed(sub, "code", "throttled", at)
            return FactorRefusal.THROTTLED
        is_right = await (self._one_time(sub, text, at) if totp.is_code(text) else self._recovery(sub, text, at))
        if not is_right:
            await self._failed(sub, "code", "wrong", at)
            return FactorRefusal.WRONG
        await self.attempts.forget(second_factor_bounds(sub)[0])
        return AMR_ONE_TIME_CODE

    async def with_passkey(
        self, credential: str, *, bound_to: str, address: str, at: datetime
    ) -> Account | FactorRefusal:
        """Take a browser's answer to a challenge of ours and return whose passkey it is (WebAuthn §7.2)."""
        bound = passkey_bound(address)
        if await self.attempts.count(bound) > bound.attempts:
            return FactorRefusal.THROTTLED
        try:
            kept = await self._answered(credential, bound_to, at)
        except PasskeyRefused as refused:
            _log.warning("passkey_refused", reason=str(refused))
            return FactorRefusal.PASSKEY
        account = await self.accounts.get(kept.sub)
        if account is None or account.disabled:
            await self._failed(kept.sub, "passkey", "account", at)
            return FactorRefusal.PASSKEY
        return account

    async def challenge(self, bound_to: str) -> bytes:
        """Return a fresh challenge that one browser may answer once, for one purpose."""
        made = token_bytes(CHALLENGE_BYTES)
        await self.challenges.put(made, bound_to, CHALLENGE_LIFETIME)
        return made

    # ---- setting up ----

    async def begin_totp(self, sid: str) -> str:
        """Return the key to show: the same one until it is confirmed or a quarter of an hour has passed."""
        waiting = await self.enrolments.get(sid)
        if waiting is not None:
            return waiting
        secret = totp.new_secret()
        await self.enrolments.put(sid, secret, WINDOW)
        return secret

    async def confirm_totp(self, sub: str, sid: str, code: str, *, at: datetime) -> FactorRefusal | None:
        """Keep the shown key once a code of it was typed; None when it is kept."""
        if await self._too_many(f"enrol:{sub}"):
            return FactorRefusal.THROTTLED
        secret = await self.enrolments.get(sid)
        if secret is None:
            return FactorRefusal.GONE
        step = totp.matching_step(secret, code, at=at)
        if step is None:
            return FactorRefusal.WRONG if code.strip() else FactorRefusal.MISSING
        if await self.enrolments.take(sid) != secret:
            return FactorRefusal.GONE
        event = AuditEvent(kind=AuditKind.FACTOR_ADDED, sub=sub, sid=sid, detail={"factor": "totp"}, at=at)
        await self.totp.put(sub, secret, step=step, at=at, audited=(event,))
        return None

    async def remove_totp(self, sub: str, sid: str, *, at: datetime) -> None:
        """Forget the key; recovery codes go with the last factor."""
        event = AuditEvent(kind=AuditKind.FACTOR_REMOVED, sub=sub, sid=sid, detail={"factor": "totp"}, at=at)
        await self.totp.remove(sub, audited=(event,))
        await self._forget_recovery_codes_of_the_bare(sub, at)

    async def add_passkey(
        self, sub: str, sid: str, credential: str, name: str, *, bound_to: str, at: datetime
    ) -> FactorRefusal | None:
        """Keep a passkey the browser made for a challenge of ours (WebAuthn §7.1); None when it is kept."""
        try:
            challenge = passkey_rules.challenge_in(credential)
            if not await self.challenges.take(challenge, bound_to):
                return FactorRefusal.PASSKEY
            made = passkey_rules.verify_registration(credential, self.site, challenge=challenge)
        except PasskeyRefused as refused:
            _log.warning("passkey_refused", reason=str(refused))
            return FactorRefusal.PASSKEY
        kept = Passkey(
            credential_id=made.credential_id, sub=sub, name=name.strip()[: passkey_rules.MOST_NAME],
            public_key=made.public_key, sign_count=made.sign_count, transports=made.transports,
            backed_up=made.backed_up, created_at=at,
        )  # fmt: skip
        event = AuditEvent(kind=AuditKind.FACTOR_ADDED, sub=sub, sid=sid, detail={"factor": "passkey"}, at=at)
        added = await self.passkeys.add(kept, at_most=passkey_rules.MOST_PER_ACCOUNT, audited=(event,))
        return None if added else FactorRefusal.KNOWN

    async def remove_passkey(self, sub: str, sid: str, credential_id: bytes, *, at: datetime) -> bool:
        """Forget one of the person's passkeys; recovery codes go with the last factor."""
        event = AuditEvent(kind=AuditKind.FACTOR_REMOVED, sub=sub, sid=sid, detail={"factor": "passkey"}, at=at)
        removed = await self.passkeys.remove(sub, credential_id, audited=(event,))
        await self._forget_recovery_codes_of_the_bare(sub, at)
        return removed

    async def new_recovery_codes(self, sub: str, sid: str, *, at: datetime) -> tuple[str, ...]:
        """Return ten fresh codes, to be shown this once; those before hold no more."""
        codes = recovery_code.new_codes(randbelow)
        hashes = tuple(recovery_code.hash_code(code, sub=sub, key=self.code_key) for code in codes)
        event = AuditEvent(
            kind=AuditKind.RECOVERY_CODES_MADE, sub=sub, sid=sid, detail={"count": len(codes)}, at=at
        )  # fmt: skip
        await self.recovery_codes.put(sub, hashes, at=at, audited=(event,))
        return codes

    # ---- inside ----

    async def _one_time(self, sub: str, text: str, at: datetime) -> bool:
        secret = await self.totp.secret(sub)
        step = totp.matching_step(secret, text, at=at) if secret else None
        return step is not None and await self.totp.use_step(sub, step)

    async def _recovery(self, sub: str, text: str, at: datetime) -> bool:
        if recovery_code.tidied(text) is None:
            return False
        event = AuditEvent(kind=AuditKind.RECOVERY_CODE_USED, sub=sub, at=at)
        code_hash = recovery_code.hash_code(text, sub=sub, key=self.code_key)
        return await self.recovery_codes.use(sub, code_hash, at=at, audited=(event,))

    async def _too_many(self, subject: str) -> bool:
        bounds = second_factor_bounds(subject)
        hits = [await self.attempts.count(bound) for bound in bounds]
        return any(hit > bound.attempts for hit, bound in zip(hits, bounds, strict=True))

    async def _answered(self, credential: str, bound_to: str, at: datetime) -> Passkey:
        challenge = passkey_rules.challenge_in(credential)
        # Used up before anything else is looked at, so that an answer is judged once.
        if not await self.challenges.take(challenge, bound_to):
            raise PasskeyRefused("challenge unknown, used up or for something else")
        kept = await self.passkeys.get(passkey_rules.credential_id_in(credential))
        if kept is None:
            raise PasskeyRefused("unknown passkey")
        if passkey_rules.user_handle_in(credential) not in (None, kept.sub):
            raise PasskeyRefused("another person's")  # WebAuthn §7.2 step 6
        try:
            sign_count = passkey_rules.verify_authentication(credential, kept, self.site, challenge=challenge)
        except PasskeyRefused:
            await self._failed(kept.sub, "passkey", "wrong", at)
            raise
        if not await self.passkeys.use(kept, sign_count, at=at):
            raise PasskeyRefused("answered twice at once")
        return kept

    async def _failed(self, sub: str, factor: str, result: str, at: datetime) -> None:
        _log.warning("factor_refused", sub=sub, factor=factor, result=result)
        await self.audit.write(AuditKind.FACTOR_FAILED, sub=sub, detail={"factor": factor, "result": result}, at=at)

    async def _forget_recovery_codes_of_the_bare(self, sub: str, at: datetime) -> None:
        if not (await self.factors.of(sub)).any:
            await self.recovery_codes.put(sub, (), at=at)
