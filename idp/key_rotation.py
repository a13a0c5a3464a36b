"""Rotates signing keys by schedule, beside the provider. Any number of processes may look; one rotates."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from config.clock import Clock
from config.logs import get
from idp import keys as key_use
from idp.protocol.key_ports import KeyStore

_log = get("onewindow.idp")
_LOOK_EVERY: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotation:
    """`every` is how long a key signs."""

    keys: KeyStore
    every: timedelta
    clock: Clock

    async def run(self) -> None:
        """Look twice an hour, for ever; a database that is away is waited out."""
        while True:
            try:
                await key_use.rotate_due(self.keys, self.every, at=self.clock())
            except Exception as error:  # noqa: BLE001 - the task must outlive a database that is away
                _log.error("key_rotation_fault", error=type(error).__name__)
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
