"""While a system's breaker is open its results are not asked for either; half open they are."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.engine import BreakerState
from connectors.errors import SpecRefused
from connectors.fetching import Fetcher
from connectors.ground import Ground
from connectors.ledger import Awaited, Delivery, DeliveryState, Submission
from connectors.polling import Poller
from connectors.serving import Serving
from connectors.spec import load_system
from tests.doubles.house import make_system

AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
OPEN = BreakerState(faults=5, trips=1, open_until=AT + timedelta(seconds=30))
HALF_OPEN = BreakerState(faults=5, trips=1, open_until=AT)
POLL = {
    "request": {"method": "GET", "path": "/cases"}, "found": "status == 200", "status": "body.status",
}  # fmt: skip


class Ledger:
    def __init__(self) -> None:
        self.asked = 0

    async def due_polls(self, **_: Any) -> list[Any]:
        self.asked += 1
        return []


class Channel:
    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self) -> list[Any]:
        self.asked += 1
        return []

    async def confirm(self) -> None:
        return None


def ground(ledger: Any) -> Ground:
    return Ground(
        ledger=ledger, breakers=None, clock=lambda: AT, holiday_on=lambda day: None, offset=timedelta(), owner="w",  # type: ignore[arg-type]
        lease=timedelta(seconds=8), base_url="", jitter=lambda: 0.0, nonce=lambda: "n",
    )  # fmt: skip


@pytest.mark.parametrize(("breaker", "asked"), [(OPEN, 0), (HALF_OPEN, 1), (BreakerState(), 1)])
async def test_polls_wait_for_an_open_breaker_only(tmp_path: Path, breaker: BreakerState, asked: int) -> None:
    ledger, system = Ledger(), make_system(tmp_path, {"poll": POLL})
    poller = Poller(serving=Serving(system=system, transport=None), ground=ground(ledger), breaker=lambda: breaker)  # type: ignore[arg-type]
    await poller.tick()
    assert ledger.asked == asked


@pytest.mark.parametrize(("breaker", "asked"), [(OPEN, 0), (HALF_OPEN, 1), (BreakerState(), 1)])
async def test_fetches_wait_for_an_open_breaker_only(tmp_path: Path, breaker: BreakerState, asked: int) -> None:
    channel, results = Channel(), load_system(Path(__file__).parents[3] / "config/systems/tax-ssf.yaml").results
    system = replace(make_system(tmp_path), results=results)
    fetcher = Fetcher(
        serving=Serving(system=system, transport=channel),  # type: ignore[arg-type]
        ground=ground(Ledger()),
        breaker=lambda: breaker,
    )
    await fetcher.tick()
    assert channel.asked == asked


def test_a_signed_body_without_a_time_of_its_own_needs_one_named(tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "config/systems/rs-resident-pension.yaml"
    document = yaml.safe_load(source.read_text("utf-8"))
    del document["callback"]["sent_at"]
    file = tmp_path / source.name
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    with pytest.raises(SpecRefused, match="expected sent_at"):
        load_system(file)


class Asked:
    def __init__(self) -> None:
        self.times = 0

    async def poll(self, _errand: Any) -> None:
        self.times += 1


class Turns:
    """A pace that counts its turns; the third never comes."""

    def __init__(self) -> None:
        self.taken = 0

    async def turn(self) -> None:
        self.taken += 1
        if self.taken > 2:
            await asyncio.Event().wait()


async def test_questions_keep_to_the_pace_of_the_system(tmp_path: Path) -> None:
    system, channel, turns = make_system(tmp_path, {"poll": POLL}), Asked(), Turns()

    class Waiting(Ledger):
        async def due_polls(self, **_: Any) -> list[Any]:
            return [awaited(n) for n in range(3)]

    poller = Poller(
        serving=Serving(system=system, transport=channel),  # type: ignore[arg-type]
        ground=ground(Waiting()),
        pace=turns,  # type: ignore[arg-type]
    )
    tick = asyncio.create_task(poller.tick())
    async with asyncio.timeout(20):
        while channel.times < 2:  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.01)
    assert not tick.done()
    tick.cancel()
    await asyncio.gather(tick, return_exceptions=True)
    assert channel.times == 2


def awaited(number: int) -> Awaited:
    delivery = Delivery(
        id=f"d{number}", submission_id="s", case_number=f"320105007-261123-MZ005-{number:06d}", position=1,
        system="mz-elder", operation="ZLJ_APPLY", kind="submit", key="00000000-0000-0000-0000-000000000001",
        state=DeliveryState.PENDING_RESULT, created_at=AT, department_number="D-1", their_status="10",
    )  # fmt: skip
    content = {"case": {"number": delivery.case_number}, "form": {}}
    return Awaited(
        delivery=delivery,
        submission=Submission(id="s", case_number=delivery.case_number, created_at=AT, content=content, sha256=""),
    )
