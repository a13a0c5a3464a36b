"""A house whose department system is served from the registry, and the two owners who run it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from connectors.live import LiveSystems
from connectors.registered_text import as_written
from connectors.registration import Registration, RegistrationState
from connectors.registry import Registry
from connectors.storage.registrations import SqlRegistrations
from connectors.storage.shipping import ship
from connectors.storage.tables import metadata as connectors_tables
from matters.policy import Actor, Role
from matters.storage.guides import SqlGuideStore
from matters.storage.tables import metadata as matters_tables
from tests.doubles.house import ELDER, SPEC, House, make_house, matters
from tests.doubles.prepared import with_tables

SYSTEM = "mz-elder"
OWNER = Actor(sub="owner-a", name="钱主管", roles=frozenset({Role.OWNER}), unit="mz-info", region="32")
OTHER = Actor(sub="owner-b", name="孙主管", roles=frozenset({Role.OWNER}), unit="mz-info", region="32")
S = RegistrationState
_GIVEN = {"case": {"number": "C1"}, "form": {"applicant_name": "测试甲", "applicant_id_number": "990000190001010017"}}
_EXAMPLES = [
    {
        "name": operation, "operation": operation, "given": _GIVEN, "sends": {"outCaseNo": "C1"},
        "answers": [{"status": 200, "body": {"code": 0, "data": {"caseId": "D-1"}}, "class": "accepted"}],
    }
    for operation in ("ZLJ_APPLY", "YLFW_BT")
]  # fmt: skip


def spec_text(mark: str = "v1", changes: Mapping[str, Any] | None = None) -> str:
    """Return a spec with examples whose messages and addresses carry `mark`, with `changes` laid over its top level."""
    document = yaml.safe_load(SPEC)
    document["examples"] = _EXAMPLES
    for operation in document["operations"].values():
        operation["request"]["path"] = f"/{mark}/cases"
    document["probe"]["request"]["path"] = f"/{mark}/cases"
    for key, value in (changes or {}).items():
        document[key] = {**document.get(key, {}), **value} if isinstance(value, dict) else value
    return yaml.safe_dump(document, allow_unicode=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredHouse:
    """`live` are the systems of this process; `versions` reads the registry past the policy."""

    house: House
    live: LiveSystems
    versions: SqlRegistrations

    @property
    def registry(self) -> Registry:
        return self.house.connectors.registry

    async def move(self, version: int, to: S, *, by: Actor = OWNER, **more: Any) -> Registration:
        """Take a step, with a reason, now unless told otherwise."""
        given = {"reason": "有理由", "at": datetime.now(UTC), **more}
        return await self.registry.move(SYSTEM, version, to, actor=by, **given)

    async def approved(self, text: str) -> int:
        """Register, test and let another person approve a version; return its number."""
        saved = await self.registry.register(SYSTEM, text, actor=OWNER, at=datetime.now(UTC), from_version=1)
        version = saved.registration.version
        await self.move(version, S.TESTED)
        await self.move(version, S.APPROVED, by=OTHER)
        return version

    async def retire(self, version: int) -> Registration:
        """Retire, at a moment at which every process knows that it takes no new cases."""
        return await self.move(version, S.RETIRED, at=datetime.now(UTC) + timedelta(seconds=31))


async def registered_house(
    engine: AsyncEngine, state: StateStore, directory: Path, *, base_url: str, text: str = "", create: bool = True
) -> RegisteredHouse:
    """Return a house over `engine`; `create` makes its tables and ships `text` as version 1, else they are there."""
    versions, at = SqlRegistrations(engine), datetime.now(UTC)
    if create:
        await with_tables(engine, matters_tables, connectors_tables)
        await SqlGuideStore(engine).seed([matters()[ELDER]], at=at)
        await ship(engine, [as_written(SYSTEM, text or spec_text(), None, writers=(), origin="shipped", at=at)])
    live = LiveSystems(versions, state)
    await live.refresh()
    house = await make_house(engine, state, directory, base_url=base_url, create=False, systems=live)
    return RegisteredHouse(house=house, live=live, versions=versions)
