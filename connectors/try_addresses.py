"""The test addresses of systems, and channels to them that share nothing with the real ones."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from config.clock import Clock
from connectors.ports import Answers, Note, Surroundings
from connectors.secrets_dir import Secrets
from connectors.system import System
from connectors.transport_kinds import TRANSPORTS

TRIED = frozenset({"rest_json", "soap"})
"""Transports that answer at once; a table, a file area or a queue answers days later, pages want a person first."""


class NoNotes:
    """A trial remembers nothing of its system."""

    async def read(self, system: str, name: str) -> Note:
        return Note()

    async def write(self, system: str, name: str, text: str, *, expected: int, at: datetime) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTestAddresses:
    """`connectors.trying.TestAddresses` from the endpoints file's lines `<system>.test`."""

    endpoints: Mapping[str, str]
    secrets: Secrets
    clock: Clock

    def address(self, system: System) -> str:
        return self.endpoints.get(f"{system.id}.test", "") if system.transport in TRIED else ""

    @asynccontextmanager
    async def open(self, system: System) -> AsyncIterator[Answers]:
        surroundings = Surroundings(
            address=self.address(system), line="", secrets=self.secrets, clock=self.clock, notes=NoNotes()
        )
        transport = TRANSPORTS[system.transport].make(system, surroundings)
        if not isinstance(transport, Answers):
            raise TypeError(f"{system.transport} tells no answers")
        try:
            yield transport
        finally:
            await transport.aclose()
