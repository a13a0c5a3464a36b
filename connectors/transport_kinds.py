"""The transports by the word a spec names them with, and what the deployment has to say for each."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.system import System
from connectors.transport_ports import TransportFactory
from connectors.transports.exchange_table import make_exchange_table
from connectors.transports.file_batch import make_file_batch
from connectors.transports.form_post import make_form_post
from connectors.transports.message_queue import make_message_queue
from connectors.transports.rest_json import make_rest_json
from connectors.transports.soap import make_soap


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A transport: how it is made, and which line it needs beside the system's address."""

    make: TransportFactory
    line: str = ""


TRANSPORTS: Mapping[str, Kind] = {
    "rest_json": Kind(make=make_rest_json),
    "exchange_table": Kind(make=make_exchange_table, line="exchange"),
    "file_batch": Kind(make=make_file_batch, line="files"),
    "soap": Kind(make=make_soap),
    "form_post": Kind(make=make_form_post),
    "message_queue": Kind(make=make_message_queue, line="queue"),
}
"""By `transport` of the spec; `manual` has none, for a person carries it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a system is spoken to: its own address, and its line where its transport needs one."""

    base: str
    line: str = ""


def address_of(system: System, endpoints: Mapping[str, str]) -> Address | None:
    """Return where `system` is spoken to; None when the deployment does not say, or nothing is spoken."""
    if TRANSPORTS.get(system.transport) is None or missing_lines(system, endpoints):
        return None
    line = TRANSPORTS[system.transport].line
    return Address(endpoints[system.id], endpoints[f"{system.id}.{line}"] if line else "")


def missing_lines(system: System, endpoints: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names the endpoints file lacks for `system`."""
    kind = TRANSPORTS.get(system.transport)
    if kind is None:
        return ()
    wanted = (system.id, f"{system.id}.{kind.line}") if kind.line else (system.id,)
    return tuple(name for name in wanted if not endpoints.get(name))
