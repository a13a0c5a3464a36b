"""Making what writes notices out of what a process has: the published guides, the flows, the secret."""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.flows import Flows
from connectors.ports import DueOn
from connectors.storage.event_noticing import EventNoticing
from connectors.storage.noticing import Noticing
from connectors.system import System
from matters.guide import Matter
from matters.storage.guides import load_guide


def open_noticing(
    *,
    flows: Flows,
    systems: Mapping[str, System],
    guide: Callable[[str], Matter | None],
    secret: bytes,
    due_on: DueOn,
) -> Noticing:
    """Return what writes notices. `guide` gives the published matter of an id; older versions are read once and kept."""
    known: dict[tuple[str, int], Matter] = {}

    async def guide_of(connection: AsyncConnection, matter_id: str, version: int) -> Matter:
        current = guide(matter_id)
        if current is not None and current.guide.basic_info.version == version:
            return current
        if (matter_id, version) not in known:
            known[matter_id, version] = await load_guide(connection, matter_id, version)
        return known[matter_id, version]

    def person_key(id_number: str) -> str:
        return hmac.new(secret, id_number.upper().encode(), hashlib.sha256).hexdigest()

    return Noticing(
        reflux=flows.reflux,
        events=EventNoticing(fanouts=flows.fanouts, systems=systems, person_key=person_key, due_on=due_on),
        systems=systems,
        guide_of=guide_of,
        person_key=person_key,
        due_on=due_on,
    )
