"""What the provider's own keys need kept, one Protocol a kind of thing. Implementations are in `idp.storage`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.protocol.audit import AuditEvent
from idp.protocol.signing import KeyRing, SigningKey


class KeyStore(Protocol):
    """Signing keys, sealed at rest."""

    async def load(self) -> tuple[SigningKey, ...]:
        """Return all keys."""

    async def add(self, *keys: SigningKey, at: datetime) -> bool:
        """Keep new keys; False when another process was first with a key of that algorithm and state."""

    async def rotate(
        self,
        fresh: SigningKey,
        *,
        replaced: str,
        forget_before: datetime,
        at: datetime,
        audited: Sequence[AuditEvent] = (),
    ) -> bool:
        """In one step: current becomes previous, next current, and `fresh` next.

        Those that were previous since before `forget_before` are deleted. False, and nothing changed, when the
        current key is not `replaced` any more: somebody else rotated.
        """

    async def retire(self, kid: str, *, audited: Sequence[AuditEvent] = ()) -> None:
        """Delete a previous key."""

    async def reseal(self) -> int:
        """Seal every key anew under the present secret, in one step; return how many."""


class Keys(Protocol):
    """The provider's keys as of now."""

    async def ring(self) -> KeyRing:
        """Return the key ring; may be a little old."""
