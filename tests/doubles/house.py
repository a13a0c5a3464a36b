"""A house with connectors in it: real matters, real ledger, a department double behind a small spec."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import Clock, utc_now
from config.settings import Settings
from config.state import StateStore
from connectors.app import Connectors, create_connectors
from connectors.intake import Accepted, Application
from connectors.spec import load_system
from connectors.storage.tables import metadata as connectors_tables
from connectors.system import System
from demo.forms import make_application
from matters.guide import Matter
from matters.material import MaterialProof, ProofKind
from matters.policy import Actor, Role
from matters.storage.tables import metadata as matters_tables
from matters.working_days import WorkingCalendar, load_calendar
from tests.doubles.declared import declared_matters
from tests.doubles.prepared import with_tables

ROOT = Path(__file__).parents[2]
ELDER = "05-elder-respect-allowance"
DISABLED = "06-disability-subsidies"
# A Monday in mid-morning, Beijing time.
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

CLERK = Actor(
    sub="clerk-1",
    name="王晓芸",
    roles=frozenset({Role.CLERK}),
    unit="320105007-bmfw",
    region="320105007",
)
OTHER_CLERK = replace(CLERK, sub="clerk-b", name="欧阳静", unit="320206003-bmfw", region="320206003")


@cache
def matters() -> Mapping[str, Matter]:
    return {m.id: m for m in declared_matters()}


@cache
def calendar() -> WorkingCalendar:
    return load_calendar(ROOT / "config/calendar.yaml")


SPEC = """
schema_version: 1
id: mz-elder
version: "1"
name: 养老服务与尊老金发放系统
name_en: Elderly care system
department: mz
protocol: rest_json
transport: rest_json
sso: {type: oidc, path: /login}
latency: {typical_ms: 10, p95_ms: 50, timeout_ms: 2000}
availability: {holidays: open}
connection:
  auth: {kind: none}
  total_timeout_seconds: 0.5
  most_answer_bytes: 20000
delivery:
  concurrency: 4
  resend_unknown: probe
  retry: {first_seconds: 0.1, most_seconds: 0.2}
  breaker: {faults: 50, open_seconds: 0.3}
statuses: {"10": accepted, "20": in_review, "25": suspended, "30": completed_approved, "40": completed_refused}
outcomes:
  - {when: status == 200 && body.code == 0, class: accepted, department_number: body.data.caseId, status: body.data.status, message: body.msg}
  - {when: status == 409, class: duplicate, department_number: body.data.caseId}
  - {when: status == 202, class: pending}
  - {when: status == 422, class: refused, message: body.msg}
  - {when: status == 400, class: invalid, message: body.msg}
  - {when: status == 401, class: auth}
  - {when: status == 429, class: throttled, retry_after: headers.retry-after}
  - {when: status == 503, class: transient}
operations:
  ZLJ_APPLY:
    mode: async
    request:
      path: /cases
      headers: {idempotency-key: delivery.key}
      body: {outCaseNo: case.number, name: form.applicant_name, idNumber: form.applicant_id_number, serial: delivery.serial}
      required: [outCaseNo, idNumber]
  YLFW_BT:
    mode: sync
    request: {path: /cases, body: {outCaseNo: case.number, name: form.applicant_name}}
probe:
  request: {method: GET, path: /cases, query: {outCaseNo: case.number}}
  found: status == 200 && has(body.data.caseId)
  not_found: status == 404
  department_number: body.data.caseId
  status: body.data.status
  settle_seconds: 0
callback:
  auth: {kind: static_token, header: x-token, secret: elder.token}
  event_id: body.eventId
  our_number: body.outCaseNo
  department_number: body.caseId
  status: body.status
  message: body.remark
  occurred_at: body.time | parse_date('yyyy-MM-dd HH:mm:ss')
  taken: {status: 200, body: {code: 0}}
withdraw:
  mode: sync
  request: {path: "/cases/{department.number}/withdraw", body: {reason: reason}}
"""


def make_system(tmp_path: Path, changes: Mapping[str, Any] | None = None) -> System:
    """Return the small spec's system, with `changes` laid over its top level (mappings one level deep)."""
    document = yaml.safe_load(SPEC)
    for key, value in (changes or {}).items():
        document[key] = {**document.get(key, {}), **value} if isinstance(value, dict) else value
    file = tmp_path / "mz-elder.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_system(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    connectors: Connectors
    engine: AsyncEngine
    state: StateStore

    async def accept(
        self, matter: str = ELDER, *, key: str = "k-1", seed: int = 1, at: datetime | None = None
    ) -> Accepted:
        return await self.connectors.intake.accept(
            application(matter, seed=seed), actor=CLERK, idempotency_key=key, at=at or datetime.now(UTC)
        )


async def make_house(
    engine: AsyncEngine,
    state: StateStore,
    tmp_path: Path,
    *,
    base_url: str = "http://127.0.0.1:9",
    changes: Mapping[str, Any] | None = None,
    create: bool = True,
    clock: Clock = utc_now,
    systems: Mapping[str, System] | None = None,
) -> House:
    """Return a house over `engine`, its tables made unless told otherwise; `systems` stand for the small spec's."""
    if create:
        await with_tables(engine, matters_tables, connectors_tables)
    secrets = tmp_path / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "elder.token").write_text("department-token\n", encoding="utf-8")
    endpoints = tmp_path / "endpoints.yaml"
    endpoints.write_text(yaml.safe_dump({"mz-elder": base_url}), encoding="utf-8")
    settings = Settings.from_env(
        {
            "ONEWINDOW_SECRET_KEY": "q7Zp2kX9vL4mB8nT1wR6yC3jH5gD0fSaUeIo",
            "ONEWINDOW_SECRETS_DIR": str(secrets),
            "ONEWINDOW_ENDPOINTS_FILE": str(endpoints),
        }
    )
    system = make_system(tmp_path, changes)
    connectors = create_connectors(
        settings=settings,
        engine=engine,
        state=state,
        clock=clock,
        systems=systems if systems is not None else {system.id: system},
        guide=matters().get,
        calendar=calendar(),
    )
    return House(connectors=connectors, engine=engine, state=state)


def application(matter_id: str, *, seed: int = 1, situation: str = "") -> Application:
    """Return a valid application of a test person."""
    matter = matters()[matter_id]
    chosen = situation or matter.guide.situations[0].id
    made = make_application(matter.document(), chosen, seed=seed, at=datetime.now(UTC).date())
    return Application(
        matter_id=matter_id,
        situation=chosen,
        form=made.form,
        materials=tuple(
            MaterialProof(material=id_, kind=ProofKind(kind), originals=1) for id_, kind in made.materials.items()
        ),
        unit_name="云桥街道便民服务中心",
        files_may_follow=True,
    )
