"""The declared matters as any outside program reads them, and test people's applications for them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from config.clock import SHANGHAI
from demo.forms import Application, make_application, situations

ROOT = Path(__file__).parents[2]
MATTERS: dict[str, dict[str, Any]] = {
    matter["id"]: matter
    for directory in ("matters", "matters-ext")
    for path in sorted((ROOT / "config" / directory).glob("*.yaml"))
    if (matter := yaml.safe_load(path.read_text("utf-8")))
}
CATALOGUE: list[dict[str, Any]] = yaml.safe_load((ROOT / "demo" / "ground" / "systems.yaml").read_text("utf-8"))[
    "systems"
]
_TRANSPORTS: dict[str, str] = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))["transport"]
    for path in (ROOT / "config" / "systems").glob("*.yaml")
}
DELIVERED = frozenset(system for system, transport in _TRANSPORTS.items() if transport != "manual")
"""Systems with a transport of their own; what goes to the others a person carries."""
SIGNED_ON_BY_OIDC = tuple(entry["id"] for entry in CATALOGUE if entry["sso"]["type"] == "oidc")


def application_for(matter: str, *, seed: int, situation: str = "") -> Application:
    """Return a valid application as of today; the first situation unless one is named."""
    given = MATTERS[matter]
    return make_application(given, situation or situations(given)[0], seed=seed, at=datetime.now(SHANGHAI).date())


def system_of(matter: str) -> str:
    """Return the id of the system the matter is delivered to."""
    system: str = MATTERS[matter]["target"]["system"]
    return system


def transport_of(system: str) -> str:
    """Return how OneWindow delivers to a system, as its spec says."""
    return _TRANSPORTS[system]
