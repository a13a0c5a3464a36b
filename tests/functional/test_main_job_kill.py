"""kill -9 of OneWindow in the middle of a delivery: after a restart the department has it exactly once."""

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest
import yaml

from config.clock import SHANGHAI
from demo.forms import make_application, situations
from tests.servers.apart import Apart
from tests.servers.api_caller import ApiCaller, received

MATTERS = Path(__file__).parents[2] / "config" / "matters"


@pytest.fixture
def apart(backend_urls: tuple[str, str]) -> Iterator[Apart]:
    database_url, redis_url = backend_urls
    embedded = database_url.startswith("sqlite")
    # Slow departments: the kill falls between the first byte and the answer.
    started = Apart.start(database_url="" if embedded else database_url, redis_url=redis_url, speed=1.0)
    yield started
    started.stop()


def _application(file: str, seed: int) -> tuple[str, dict[str, Any]]:
    matter = yaml.safe_load((MATTERS / f"{file}.yaml").read_text("utf-8"))
    made = make_application(matter, situations(matter)[0], seed=seed, at=datetime.now(SHANGHAI).date())
    return matter["target"]["system"], made.as_json()


def _until_sending(api: ApiCaller, number: str) -> None:
    until = monotonic() + 20
    while not any(delivery["state"] == "sending" for delivery in api.case(number)["deliveries"]):
        assert monotonic() < until, "the delivery never began"
        sleep(0.01)


def _until_arrived(apart: Apart, system: str, number: str) -> None:
    until = monotonic() + 20
    while not received(apart.installation, system, number):
        assert monotonic() < until, "the department never received it"
        sleep(0.01)


# One department that knows our idempotency key, one that can only be asked, one of each further way to tell a repeat.
FILES = [
    "05-elder-respect-allowance",
    "09-resident-pension-enrolment",
    "14-employment-registration",
    "21-nonlocal-medical-filing",
    "25-birth-registration",
]


@pytest.mark.parametrize("file", FILES)
def test_killed_before_the_answer_it_is_delivered_once(apart: Apart, file: str) -> None:
    """The department has it, but OneWindow died before it could know."""
    system, body = _application(file, seed=1)
    apart.misbehave(system, "slow", seconds=6.0)
    api = ApiCaller.of(apart.installation)
    number = api.submit(body).raise_for_status().json()["number"]
    _until_arrived(apart, system, number)
    apart.kill_window()
    apart.start_window()
    case = api.settled(number, within_seconds=120)
    api.close()
    assert [each["times"] for each in received(apart.installation, system, number)] == [1]
    assert [delivery["state"] for delivery in case["deliveries"]] != ["desk"]
    assert case["deliveries"][0]["department_number"]


def test_killed_while_sending_it_is_delivered_once(apart: Apart) -> None:
    """The intent is on record, and whether a byte left nobody knows."""
    system, body = _application("05-elder-respect-allowance", seed=2)
    api = ApiCaller.of(apart.installation)
    number = api.submit(body).raise_for_status().json()["number"]
    _until_sending(api, number)
    apart.kill_window()
    apart.start_window()
    api.settled(number, within_seconds=120)
    api.close()
    assert [each["times"] for each in received(apart.installation, system, number)] == [1]


def test_what_was_promised_before_the_kill_is_kept(apart: Apart) -> None:
    """Applications keep coming while it is killed: every 201 a caller saw is a case, delivered once."""
    promised: list[tuple[str, str]] = []

    def submit_until_it_dies() -> None:
        api = ApiCaller.of(apart.installation)
        for seed in range(100, 10_000):
            system, body = _application("05-elder-respect-allowance", seed)
            try:
                accepted = api.submit(body).raise_for_status()
            except httpx2.TransportError:
                break
            promised.append((system, accepted.json()["number"]))
        api.close()

    submitting = threading.Thread(target=submit_until_it_dies)
    submitting.start()
    sleep(3)
    apart.kill_window()
    submitting.join()
    apart.start_window()
    assert len(promised) >= 5
    api = ApiCaller.of(apart.installation)
    for system, number in promised:
        api.settled(number, within_seconds=120)
        assert [each["times"] for each in received(apart.installation, system, number)] == [1]
    api.close()
