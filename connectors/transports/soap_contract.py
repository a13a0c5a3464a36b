"""The WSDL a spec was written against, pinned by its hash: one that changed is a contract nobody has read yet."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx2

from connectors.messages import N_
from connectors.outcomes import Outcome, OutcomeClass
from connectors.signing import Signed
from connectors.spec_soap import WsdlSpec
from connectors.transports.exchange import Limits, fetch

BELIEVED: Final = timedelta(hours=1)
CHANGED: Final = Outcome(
    kind=OutcomeClass.AUTH,
    error="wsdl_changed",
    message=N_("部门接口说明（WSDL）已变更，请系统主管核对后更新对接说明；办件未发送，不会丢失"),
)
"""Held like refused credentials: the owner mends it, deliveries wait and use up no attempt."""
AWAY: Final = Outcome(kind=OutcomeClass.TRANSIENT, error="wsdl_away")


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(slots=True)
class Contract:
    """Asked for before the first message and again every hour."""

    spec: WsdlSpec
    client: httpx2.AsyncClient
    limits: Limits
    _believed_until: datetime | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def objection(self, at: datetime) -> Outcome | None:
        """Return why nothing may be sent now; None when the WSDL is the one the spec was written against."""
        async with self._lock:
            if self._believed_until is not None and at < self._believed_until:
                return None
            asked = Signed(method="GET", target=self.spec.path, headers={"accept": "text/xml"}, content=b"")
            raw = await fetch(self.client, asked, self.limits)
            if raw.error or raw.http_status != 200:
                return AWAY
            if sha256_of(raw.content) != self.spec.sha256:
                self._believed_until = None
                return CHANGED
            self._believed_until = at + BELIEVED
            return None
