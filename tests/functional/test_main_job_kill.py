"""kill -9 of OneWindow in the middle of a delivery: after a restart the department has it exactly once."""

import threading
from collections.abc import Iterator
from time import monotonic, sleep

import httpx2
import pytest

from tests.servers.apart import Apart
from tests.servers.api_caller import ApiCaller, received
from tests.servers.matters import application_for, system_of
from tests.servers.valkey import Valkey


@pytest.fixture(scope="module", params=["embedded", "full"])
def apart(request: pytest.FixtureRequest) -> Iterator[Apart]:
    full = request.param == "full"
    redis = Valkey.start() if full else None
    url = request.getfixturevalue("postgres").new_database() if full else ""
    # Departments as slow as they really are: the kill falls between the first byte and the answer.
    started = Apart.start(database_url=url, redis_url=redis.url if redis else "", speed=1.0)
    yield started
    started.stop()
    if redis:
        redis.stop()


def _application(matter: str, seed: int) -> tuple[str, dict[str, object]]:
    return system_of(matter), application_for(matter, seed=seed).as_json()


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
MATTERS = [
    "05-elder-respect-allowance",
    "09-resident-pension-enrolment",
    "14-employment-registration",
    "21-nonlocal-medical-filing",
    "25-birth-registration",
]


@pytest.mark.parametrize("matter", MATTERS)
def test_killed_before_the_answer_it_is_delivered_once(apart: Apart, matter: str) -> None:
    """The department has it, but OneWindow died before it could know."""
    system, body = _application(matter, seed=1)
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
