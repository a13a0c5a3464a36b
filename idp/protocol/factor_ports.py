"""What is kept of second factors, one Protocol a kind of thing. Implementations are in `idp.storage`.

`audited` events are written in the change's own transaction; with `AuditUnavailable` nothing changed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from idp.protocol.audit import AuditEvent
from idp.protocol.factors import Factors
from idp.protocol.passkey import Passkey


class FactorStore(Protocol):
    """What is set up, at a glance."""

    async def of(self, sub: str) -> Factors:
        """Return what is set up for the account; one statement."""


class TotpStore(Protocol):
    """Keys of one-time codes, sealed, and the last step each was used for."""

    async def secret(self, sub: str) -> str | None:
        """Return the key, or None when there is none."""

    async def put(self, sub: str, secret: str, *, step: int, at: datetime, audited: Sequence[AuditEvent] = ()) -> None:
        """Keep the key, replacing another one; `step` is the one that confirmed it and is used up."""

    async def reseal(self) -> int:
        """Seal every key anew under the present secret, in one step; return how many."""

    async def use_step(self, sub: str, step: int) -> bool:
        """Use a step up; False when it, or a later one, was used before. One atomic step."""

    async def remove(self, sub: str, *, audited: Sequence[AuditEvent] = ()) -> bool:
        """Forget the key; tell whether there was one."""


class PasskeyStore(Protocol):
    """Passkeys."""

    async def of(self, sub: str) -> tuple[Passkey, ...]:
        """Return the person's passkeys, oldest first."""

    async def get(self, credential_id: bytes) -> Passkey | None:
        """Return a passkey, or None."""

    async def add(self, passkey: Passkey, *, at_most: int, audited: Sequence[AuditEvent] = ()) -> bool:
        """Keep a new passkey; False when it is known already or the person has `at_most`."""

    async def use(self, passkey: Passkey, sign_count: int, *, at: datetime) -> bool:
        """Note the new count; False when another sign-in noted one since `passkey` was read. One atomic step."""

    async def remove(self, sub: str, credential_id: bytes, *, audited: Sequence[AuditEvent] = ()) -> bool:
        """Forget one of the person's passkeys; tell whether it was there."""


class RecoveryCodeStore(Protocol):
    """Recovery codes, hashed."""

    async def put(self, sub: str, hashes: tuple[str, ...], *, at: datetime, audited: Sequence[AuditEvent] = ()) -> None:
        """Keep these codes in place of all before, in one transaction."""

    async def use(self, sub: str, code_hash: str, *, at: datetime, audited: Sequence[AuditEvent] = ()) -> bool:
        """Use a code up; False when it is none of the person's or was used before. One atomic step."""

    async def made_at(self, sub: str) -> datetime | None:
        """Return when the present codes were made, or None."""


class ChallengeStore(Protocol):
    """Challenges for passkeys, each for one browser and one purpose (WebAuthn §13.4.3)."""

    async def put(self, challenge: bytes, bound_to: str, ttl: timedelta) -> None:
        """Remember a challenge."""

    async def take(self, challenge: bytes, bound_to: str) -> bool:
        """Use the challenge up; False when it is not known for this browser and purpose. One atomic step."""


class EnrolmentStore(Protocol):
    """Keys of one-time codes that wait for their first code, by session; sealed."""

    async def put(self, sid: str, secret: str, ttl: timedelta) -> None:
        """Keep the key a person is shown."""

    async def get(self, sid: str) -> str | None:
        """Return it, or None."""

    async def take(self, sid: str) -> str | None:
        """Return it and forget it in one atomic step."""
