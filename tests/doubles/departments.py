"""One simulated department system on a real socket, beside the test, and the errands OneWindow sends it on."""

import asyncio
import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx2
import uvicorn
import yaml
from starlette.applications import Starlette

from config.clock import SHANGHAI, utc_now
from connectors.ledger import Delivery, DeliveryState, Submission
from connectors.outcomes import Outcome
from connectors.secrets_dir import SecretsDirectory
from connectors.signing import Incoming, signer_for
from connectors.spec import load_system
from connectors.submission import freeze, sha256_of, values_for
from connectors.system import System
from connectors.transport_kinds import TRANSPORTS
from connectors.transport_ports import Errand, Surroundings, Transport
from demo.forms import Application, make_application
from demo.ground.context import Background, SystemContext
from demo.ground.entry import entry_of
from demo.ground.received import ReceivedStore
from demo.ground.secrets import make_secrets, read_from
from matters.case import Case, CaseStatus
from matters.form import check_form
from matters.guide import Matter
from matters.material import MaterialProof, ProofKind
from matters.policy import Actor, Role
from tests.doubles.declared import declared_matters
from tests.doubles.notes import NotesInMemory

ROOT = Path(__file__).parents[2]
A_WEDNESDAY_MORNING = datetime(2026, 11, 18, 10, 0, tzinfo=SHANGHAI)


@dataclass(slots=True)
class Telephone(httpx2.AsyncBaseTransport):
    """Stands where a department calls back: notes every call and answers as told, `answers` first, then `well`."""

    well: bytes = b'{"code": 0}'
    answers: list[int] = field(default_factory=list)
    calls: list[httpx2.Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.calls.append(request)
        self.times.append(time.monotonic())
        if self.answers:
            return httpx2.Response(self.answers.pop(0), content=b"{}")
        return httpx2.Response(200, content=self.well, headers={"content-type": "application/json"})


async def until(holds: Callable[[], object], within: float = 15.0) -> None:
    """Wait until `holds()` is true of the world outside this loop."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not come to pass in time"
        await asyncio.sleep(0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A running system."""

    base_url: str
    directory: Path
    context: SystemContext
    line: str = ""

    def get(self, path: str, **query: str) -> httpx2.Response:
        return httpx2.get(f"{self.base_url}{path}", params=query, trust_env=False)

    def received(self, number: str = "") -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.get("/received", **({"number": number} if number else {})).json()
        return answer

    def misbehave(self, mode: str, times: int = 1, **more: object) -> None:
        asked = {"mode": mode, "times": times, **more}
        httpx2.post(f"{self.base_url}/faults", json=asked, trust_env=False).raise_for_status()

    def secret(self, name: str) -> bytes:
        return self.context.secrets(name)


@contextmanager
def department(
    system_id: str,
    directory: Path,
    *,
    speed: float = 500.0,
    seed: int = 1,
    at: datetime = A_WEDNESDAY_MORNING,
    telephone: httpx2.AsyncBaseTransport | None = None,
    line: str = "",
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[Department]:
    """Run one system until the block ends; `at` is the time of its opening hours, `directory` keeps store and secrets."""
    make_secrets(directory / "secrets")
    background = Background()
    context = SystemContext(
        entry=entry_of(system_id),
        store=ReceivedStore(directory / f"{system_id}.db"),
        secrets=read_from(directory / "secrets"),
        line=line,
        callback_url="" if telephone is None else f"http://127.0.0.1:9/callbacks/{system_id}",
        speed=speed,
        seed=seed,
        clock=clock,
        department_offset=at - clock(),
        background=background,
        transport=telephone,
    )
    module = importlib.import_module(f"demo.{system_id.replace('-', '_')}.app")
    app = Starlette(routes=module.create_api(context), lifespan=lambda _app: background.running())
    with served(app) as port:
        yield Department(base_url=f"http://127.0.0.1:{port}", directory=directory, context=context, line=line)
    context.store.close()


@contextmanager
def served(app: Starlette) -> Iterator[int]:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWindow:
    """OneWindow's side of the interface: the declared connector over its real transport."""

    system: System
    transport: Transport

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_fault: object) -> None:
        await self.transport.aclose()

    async def send(self, errand: Errand) -> Outcome:
        return await self.transport.send(errand)

    def withdrawal(self, errand: Errand, number: str) -> Errand:
        """Return the errand that takes a submission back from the department, which calls it `number`."""
        operation = self.system.withdraw
        assert operation is not None
        values = self.fresh(errand, department={"number": number}, reason="本人撤回").values
        return Errand(system=errand.system, operation=operation, values=values, delivery_id=errand.delivery_id)

    def verified(self, call: httpx2.Request, directory: Path) -> dict[str, Any]:
        """Return what is in a callback once its proof held, checked with the keys of the declared connector."""
        callback = self.system.spec.callback
        assert callback is not None
        incoming = Incoming(
            method=call.method,
            target=call.url.path,
            headers={name.lower(): value for name, value in call.headers.items()},
            content=call.content,
        )
        body = signer_for(callback.auth, SecretsDirectory(directory / "secrets")).verify(incoming, "utf-8").body
        assert isinstance(body, dict)
        return body

    def errand(self, application: Application, *, number: str | None = None, key: str | None = None) -> Errand:
        """Return the errand an intake of `application` leads to."""
        matter = MATTERS[application.matter]
        submission, delivery = frozen(matter, application, number=number, key=key)
        values = values_for(
            submission, delivery, at=utc_now(), nonce=uuid4().hex, callback_url="http://127.0.0.1:9/callbacks/x"
        )
        operation = self.system.operation(matter.target.operation)
        return Errand(system=self.system, operation=operation, values=values, delivery_id=delivery.id)

    def fresh(self, errand: Errand, **changed: object) -> Errand:
        """Return the same errand for its next attempt: another nonce, the present, and what changed."""
        values = {**errand.values, "nonce": uuid4().hex, "now": utc_now(), **changed}
        return Errand(system=errand.system, operation=errand.operation, values=values, delivery_id=errand.delivery_id)


def onewindow(to: Department) -> OneWindow:
    """Return OneWindow's connector for a running department."""
    system = load_system(ROOT / "config" / "systems" / f"{to.context.id}.yaml")
    secrets = SecretsDirectory(to.directory / "secrets")
    surroundings = Surroundings(
        address=to.base_url, line=to.line, secrets=secrets, clock=utc_now, notes=NotesInMemory()
    )
    transport = TRANSPORTS[system.transport].make(system, surroundings)
    return OneWindow(system=system, transport=transport)


MATTERS: Mapping[str, Matter] = {matter.id: matter for matter in declared_matters()}
_FILES = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((ROOT / "config").glob("matters*/*.yaml"))
}
_CLERK = Actor(sub="clerk", name="王晓芸", roles=frozenset({Role.CLERK}), unit="320105007-bmfw", region="320105007")
_SEQUENCE = iter(range(1, 999_999))


def application(matter: str, situation: str, *, seed: int = 1, **changed: object) -> Application:
    """Return a generated application with some form values changed; None takes a value out."""
    made = make_application(_FILES[matter], situation, seed=seed, at=_today())
    form = {key: value for key, value in {**made.form, **changed}.items() if value is not None}
    return Application(matter=made.matter, situation=made.situation, form=form, materials=made.materials)


def situations(matter: str) -> list[str]:
    return [situation.id for situation in MATTERS[matter].guide.situations]


def _today() -> date:
    return datetime.now(SHANGHAI).date()


def frozen(
    matter: Matter, application: Application, *, number: str | None = None, key: str | None = None
) -> tuple[Submission, Delivery]:
    """Return what an intake freezes; the form must hold."""
    at = utc_now()
    checked = check_form(matter, application.situation, application.form, at=_today())
    assert not checked.errors, checked.errors
    case = Case(
        number=number or f"320105007-{at:%y%m%d}-{matter.short_code}-{next(_SEQUENCE):06d}",
        query_code="2345ABCD",
        matter_id=matter.id,
        matter_name=matter.name,
        guide_version=1,
        situation=application.situation,
        status=CaseStatus.ACCEPTED,
        form=checked.values,
        applicant_name="",
        unit=_CLERK.unit,
        region=_CLERK.region,
        responsible_region=_CLERK.region,
        taken_in_by=_CLERK.name,
        received_at=at,
        accepted_at=at,
        promised=matter.promised(application.situation),
    )
    proofs = [
        MaterialProof(material=material, kind=ProofKind(given), originals=1)
        for material, given in application.materials.items()
    ]
    content = freeze(case, matter, proofs, _CLERK, unit_name="云桥街道便民服务中心", due_on="")
    delivery = Delivery(
        id=str(uuid4()),
        submission_id=str(uuid4()),
        case_number=case.number,
        position=1,
        system=matter.target.system,
        operation=matter.target.operation,
        kind="submit",
        key=key or str(uuid4()),
        state=DeliveryState.SENDING,
        created_at=at,
        attempts=1,
    )
    submission = Submission(
        id=delivery.submission_id,
        case_number=case.number,
        created_at=at,
        content=content,
        sha256=sha256_of(content),
    )
    return submission, delivery


def number_of(errand: Errand) -> str:
    case = errand.values["case"]
    assert isinstance(case, Mapping)
    return str(case["number"])


def moment(text: str) -> datetime:
    """Return a Beijing time such as 2026-11-22 02:30."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
