"""What only a broker took, and the department lost off the topic, is found missing by asking, and looked up again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.engine import CantTell, Found, NotFound, ProbeAnswer
from connectors.ground import Ground
from connectors.ledger import DeliveryState, InboundEvent, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.polling import Poller
from connectors.serving import Serving
from connectors.transport_ports import Errand
from tests.conftest import Backend
from tests.doubles.house import House, make_house

AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
LATER = AT + timedelta(minutes=15)
LEASE = timedelta(seconds=8)
POLL = {
    "request": {"method": "GET", "path": "/cases"}, "found": "status == 200", "status": "body.status",
    "every_seconds": 900,
}  # fmt: skip
ABSENT = NotFound(outcome=Outcome(kind=OutcomeClass.TRANSIENT))
THERE = Found(outcome=Outcome(kind=OutcomeClass.DUPLICATE, department_number="D-1"))
AWAY = CantTell(outcome=Outcome(kind=OutcomeClass.TRANSIENT, error="connect"))


@dataclass
class Department:
    """Tells nothing of a case's progress, and `answer` when asked whether it has it."""

    answer: ProbeAnswer
    asked: int = 0

    async def poll(self, errand: Errand) -> InboundEvent | None:
        return None

    async def probe(self, errand: Errand) -> ProbeAnswer:
        self.asked += 1
        return self.answer


@pytest.fixture
async def house(backend: Backend, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(backend.engine, backend.state, tmp_path, changes={"poll": POLL}, clock=lambda: LATER)
    yield house
    await house.connectors.aclose()


async def _sent(house: House, outcome: Outcome) -> str:
    """Return the number of a case that was sent and whose result is to be asked for after a quarter of an hour."""
    number, ledger = (await house.accept(at=AT)).case.number, house.connectors.ledger
    (lease,) = await ledger.claim(system="mz-elder", owner="w", at=AT, lease=LEASE, most=1)
    await ledger.begin(lease, kind="send", at=AT)
    result = Result(state=DeliveryState.PENDING_RESULT, outcome=outcome, reports=("submitted",), next_poll_at=LATER)
    await ledger.settle(lease, result, at=AT, duration_ms=1)
    return number


async def _asked(house: House, department: Department) -> None:
    ground = Ground(
        ledger=house.connectors.ledger, breakers=None, clock=lambda: LATER, holiday_on=lambda day: "",  # type: ignore[arg-type]
        offset=timedelta(), owner="w", lease=LEASE, base_url="", jitter=lambda: 0.0, nonce=lambda: "n",
    )  # fmt: skip
    serving = Serving(system=house.connectors.systems["mz-elder"], transport=department)  # type: ignore[arg-type]
    assert await Poller(serving=serving, ground=ground).tick() == 1


async def _state(house: House, number: str) -> DeliveryState:
    (view,) = await house.connectors.deliveries.of_case(number)
    return view.delivery.state


async def test_one_the_department_never_got_is_looked_up_again(house: House) -> None:
    number = await _sent(house, Outcome(kind=OutcomeClass.PENDING))
    await _asked(house, Department(ABSENT))
    assert await _state(house, number) is DeliveryState.UNKNOWN
    (lease,) = await house.connectors.ledger.claim(system="mz-elder", owner="w", at=LATER, lease=LEASE, most=1)
    assert lease.delivery.state is DeliveryState.PROBING, "asked first, and sent again only if it is not there"


@pytest.mark.parametrize("answer", [THERE, AWAY], ids=["there", "away"])
async def test_one_that_is_there_or_can_not_be_asked_about_waits_on(house: House, answer: ProbeAnswer) -> None:
    number = await _sent(house, Outcome(kind=OutcomeClass.PENDING))
    await _asked(house, Department(answer))
    assert await _state(house, number) is DeliveryState.PENDING_RESULT


async def test_what_the_department_itself_said_it_has_is_not_doubted(house: House) -> None:
    number = await _sent(house, Outcome(kind=OutcomeClass.ACCEPTED, department_number="D-1"))
    department = Department(ABSENT)
    await _asked(house, department)
    assert (department.asked, await _state(house, number)) == (0, DeliveryState.PENDING_RESULT)
