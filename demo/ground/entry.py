"""What is known of a department system before a line of its code is read: the entries of systems.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).with_name("systems.yaml")
RECEIVERS = Path(__file__).with_name("receivers.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long an answer takes: half are faster than `typical`, 95 % faster than `p95`; callers give up at `timeout`."""

    typical: timedelta
    p95: timedelta
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEntry:
    """One of the 13 systems, as the catalogue describes it; `sso` is oidc, cas, ticket or form_fill."""

    id: str
    name: str
    name_en: str
    department: str
    protocol: str
    sso: str
    sso_detail: str
    latency: Latency
    days: str
    hours: str
    holidays: str
    maintenance: str
    quirks: tuple[str, ...]
    status_map: Mapping[str, str]
    network: str = ""


@cache
def load_entries(path: Path = CATALOGUE) -> tuple[SystemEntry, ...]:
    """Return the entries in the catalogue's order, which is also the order of their ports. A file is read once."""
    catalogue = yaml.safe_load(path.read_text("utf-8"))
    return tuple(_entry(found) for found in catalogue["systems"])


def every_entry() -> tuple[SystemEntry, ...]:
    """Return the 13 systems, and behind them those that take in no matter and only receive."""
    return (*load_entries(), *load_entries(RECEIVERS))


def entry_of(system_id: str) -> SystemEntry:
    """Return one entry.

    Raises:
        KeyError: no system has that id.
    """
    return {entry.id: entry for entry in every_entry()}[system_id]


def _entry(found: Mapping[str, Any]) -> SystemEntry:
    milliseconds = {
        name: timedelta(milliseconds=found["latency"][f"{name}_ms"]) for name in ("typical", "p95", "timeout")
    }
    return SystemEntry(
        id=found["id"],
        name=found["name"],
        name_en=found["name_en"],
        department=found["department"],
        protocol=found["protocol"],
        sso=found["sso"]["type"],
        sso_detail=found["sso"]["detail"],
        latency=Latency(**milliseconds),
        days=found["availability"]["days"],
        hours=found["availability"]["hours"],
        holidays=found["availability"]["holidays"],
        maintenance=found["availability"]["maintenance"],
        quirks=tuple(found["quirks"]),
        status_map=dict(found["status_map"]),
        network=found["network"],
    )
