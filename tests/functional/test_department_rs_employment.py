"""The employment service: tokens, twenty requests a second, what is there already, and results that are asked for."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from config.clock import utc_now
from connectors.outcomes import OutcomeClass
from tests.doubles.departments import Department, application, department, moment, number_of, onewindow

HIRED = ("14-employment-registration", "hired")
UNEMPLOYED = ("15-unemployment-registration", "standard")
HARDSHIP = ("16-hardship-employment-recognition", "standard")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Department]:
    with department("rs-employment", tmp_path) as running:
        yield running


def _token(there: Department, secret: str, scope: str = "registrations") -> httpx2.Response:
    return httpx2.post(
        f"{there.base_url}/oauth/token",
        data={"grant_type": "client_credentials", "scope": scope},
        auth=("onewindow", secret),
        trust_env=False,
    )


def _bearer(there: Department, scope: str = "registrations") -> dict[str, str]:
    answer = _token(there, there.secret("rs-employment.client-secret").decode(), scope)
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def test_a_wrong_secret_gets_no_token(there: Department) -> None:
    answer = _token(there, "wrong")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_without_a_token_nothing_is_taken(there: Department) -> None:
    answer = httpx2.post(f"{there.base_url}/api/employment/registrations", json={}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_token_ends_after_two_hours(tmp_path: Path) -> None:
    at = [utc_now()]
    with department("rs-employment", tmp_path, clock=lambda: at[0]) as there:
        headers = _bearer(there)
        url = f"{there.base_url}/api/employment/cases/none"
        assert httpx2.get(url, headers=headers, trust_env=False).status_code == 404
        at[0] += timedelta(hours=2, seconds=1)
        assert httpx2.get(url, headers=headers, trust_env=False).status_code == 401


def test_personal_data_need_a_second_scope(there: Department) -> None:
    url, asked = f"{there.base_url}/api/employment/persons/search", {"id_number": "1"}
    denied = httpx2.post(url, json=asked, headers=_bearer(there), trust_env=False)
    assert (denied.status_code, denied.json()["error"]) == (403, "insufficient_scope")
    assert httpx2.post(url, json=asked, headers=_bearer(there, "persons"), trust_env=False).status_code == 404


def test_the_twenty_first_request_of_a_second_waits(there: Department) -> None:
    headers = _bearer(there)
    with httpx2.Client(headers=headers, trust_env=False) as client:
        begin = time.monotonic()
        answers = [client.get(f"{there.base_url}/api/employment/cases/none") for _ in range(21)]
        took = time.monotonic() - begin
    if took >= 1.0:
        pytest.fail(f"the machine was too slow to ask 21 times in a second: {took:.2f} s")
    assert [answer.status_code for answer in answers] == [404] * 20 + [429]
    assert answers[-1].headers["retry-after"] == "1"


async def test_the_connector_gets_a_new_token_when_the_department_has_forgotten_them_all(tmp_path: Path) -> None:
    with department("rs-employment", tmp_path) as there:
        async with onewindow(there) as here:
            assert (await here.send(here.errand(application(*UNEMPLOYED)))).kind is OutcomeClass.ACCEPTED
        first = there
    with department("rs-employment", tmp_path) as there:
        async with onewindow(there) as here:
            forgotten = replace(first, base_url=there.base_url)
            assert forgotten.received() == there.received()
            assert (await here.send(here.errand(application(*UNEMPLOYED, seed=2)))).kind is OutcomeClass.ACCEPTED


async def test_who_is_registered_already_is_answered_with_the_number_there_is(there: Department) -> None:
    async with onewindow(there) as here:
        first = await here.send(here.errand(application(*HIRED)))
        second = here.errand(application(*HIRED))
        outcome = await here.send(second)
    assert outcome.kind is OutcomeClass.DUPLICATE
    assert outcome.department_number == first.department_number
    assert there.received(number_of(second)) == []


async def test_an_unreadable_form_names_its_fields(there: Department) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*UNEMPLOYED))
        form = {**errand.values["form"], "education": "99"}  # type: ignore[dict-item]
        outcome = await here.send(here.fresh(errand, form=form))
    assert outcome.kind is OutcomeClass.INVALID
    assert outcome.message == "education代码不在字典内"


async def test_a_recognition_is_pending_until_it_is_asked_for(tmp_path: Path) -> None:
    with department("rs-employment", tmp_path, speed=500) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*HARDSHIP, hardship_category="dibao"))
            sent = await here.send(errand)
            assert (sent.kind, sent.status) == (OutcomeClass.PENDING, "in_review")
            asking = here.fresh(errand, department={"number": sent.department_number})
            event, deadline = None, time.monotonic() + 15
            while (event is None or event.status == "PENDING") and time.monotonic() < deadline:
                event = await here.transport.poll(here.fresh(asking))
    assert event is not None
    assert event.status == "APPROVED"
    assert event.facts["有效期至"]


async def test_a_recognition_is_taken_back_while_it_is_pending(tmp_path: Path) -> None:
    with department("rs-employment", tmp_path, speed=100) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*HARDSHIP))
            sent = await here.send(errand)
            back = here.withdrawal(errand, sent.department_number)
            assert (await here.send(back)).kind is OutcomeClass.ACCEPTED
            assert (await here.send(here.fresh(back))).kind is OutcomeClass.REFUSED


@pytest.mark.parametrize("at", ["2026-11-18 23:30", "2026-11-19 00:59"])
async def test_on_wednesday_night_it_is_closed(tmp_path: Path, at: str) -> None:
    with department("rs-employment", tmp_path, at=moment(at)) as there:
        async with onewindow(there) as here:
            outcome = await here.send(here.errand(application(*UNEMPLOYED)))
    assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeClass.TRANSIENT, 1800.0)
