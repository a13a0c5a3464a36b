"""Nonces for DPoP proofs, made rather than kept (RFC 9449 §8, §9).

A nonce follows from a key of ours and the minute, so every process knows all of them, losing the state store changes
nothing, and a proof can't be made ahead of its time.
"""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

STEP: Final = timedelta(minutes=1)
# This minute's, the two before, and the next: another process's clock may be a little ahead.
_ACCEPTED: Final = (0, -1, -2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonces:
    """The nonces of one installation."""

    key: bytes = field(repr=False)

    def current(self, at: datetime) -> str:
        """Return the nonce to use from now on."""
        return self._of(_step(at))

    def holds(self, nonce: str, *, at: datetime) -> bool:
        """Tell whether a nonce was given out within the last two to three minutes."""
        step = _step(at)
        return any(hmac.compare_digest(nonce.encode(), self._of(step + by).encode()) for by in _ACCEPTED)

    def _of(self, step: int) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self.key, str(step).encode(), "sha256")[:18]).decode()


def _step(at: datetime) -> int:
    return int(at.timestamp() // STEP.total_seconds())
