"""The elderly-care department: who may submit, what counts once, and how it calls back."""

import asyncio
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from config.clock import utc_now
from connectors.outcomes import OutcomeClass
from connectors.rendering import render
from tests.doubles.departments import (
    Department,
    Telephone,
    application,
    department,
    moment,
    number_of,
    onewindow,
    until,
)

ELDER = ("05-elder-respect-allowance", "standard")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Department]:
    with department("mz-elder", tmp_path) as running:
        yield running


def _signed(secret: bytes, body: bytes, *, seconds_ago: int = 0, nonce: str = "") -> dict[str, str]:
    """Sign by hand, as the department's documentation says, not as our connector does it."""
    timestamp, nonce = str(int(time.time()) - seconds_ago), nonce or uuid4().hex
    signature = hmac.new(secret, f"{timestamp}{nonce}".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-app-id": "onewindow",
        "x-timestamp": timestamp,
        "x-nonce": nonce,
        "x-signature": signature,
        "idempotency-key": uuid4().hex,
    }


def _post(there: Department, body: bytes, headers: dict[str, str]) -> httpx2.Response:
    return httpx2.post(f"{there.base_url}/openapi/v1/cases", content=body, headers=headers, trust_env=False)


def test_a_signature_with_another_secret_is_refused(there: Department) -> None:
    answer = _post(there, b"{}", _signed(b"not the secret", b"{}"))
    assert (answer.status_code, answer.json()["msg"]) == (401, "签名不正确")


def test_a_changed_body_is_refused(there: Department) -> None:
    headers = _signed(there.secret("mz-elder.hmac"), b'{"outCaseNo": "1"}')
    assert _post(there, b'{"outCaseNo": "2"}', headers).status_code == 401


@pytest.mark.parametrize("seconds", [181, -190])
def test_a_time_more_than_three_minutes_off_is_refused(there: Department, seconds: int) -> None:
    answer = _post(there, b"{}", _signed(there.secret("mz-elder.hmac"), b"{}", seconds_ago=seconds))
    assert (answer.status_code, answer.json()["msg"]) == (401, "时间偏差超过180秒")


def test_a_nonce_is_good_once(there: Department) -> None:
    headers = _signed(there.secret("mz-elder.hmac"), b"{}", nonce="a" * 32)
    assert _post(there, b"{}", headers).status_code == 400
    again = _post(there, b"{}", headers)
    assert (again.status_code, again.json()["msg"]) == (401, "随机数已使用")


async def test_a_missing_mandatory_field_is_named_and_nothing_is_kept(there: Department) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*ELDER))
        values = dict(errand.values)
        form = dict(values["form"])  # type: ignore[call-overload]
        form["applicant_gender"] = "7"
        outcome = await here.send(here.fresh(errand, form=form))
        assert outcome.kind is OutcomeClass.INVALID
        assert "gender" in outcome.message
        assert there.received(number_of(errand)) == []


async def test_a_key_is_forgotten_after_a_day_and_then_makes_a_second_record(tmp_path: Path) -> None:
    at = [utc_now()]
    with department("mz-elder", tmp_path, clock=lambda: at[0]) as there:
        secret = there.secret("mz-elder.hmac")
        async with onewindow(there) as here:
            errand = here.errand(application(*ELDER))
            assert errand.operation.request is not None
            body = json.dumps(render(errand.operation.request, errand.values).body).encode()
            headers = {"idempotency-key": "one-and-the-same"}
            assert _post(there, body, {**_signed(secret, body), **headers}).json()["code"] == 0
            assert _post(there, body, {**_signed(secret, body), **headers}).json()["code"] == 0
            at[0] += timedelta(hours=24, minutes=1)
            late = _signed(secret, body, seconds_ago=-int(timedelta(hours=24, minutes=1).total_seconds()))
            assert _post(there, body, {**late, **headers}).json()["code"] == 0
            assert [(line["times"], line["seen"]) for line in there.received()] == [(2, 3)]


async def test_what_was_received_is_there_after_a_restart(tmp_path: Path) -> None:
    with department("mz-elder", tmp_path) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*ELDER))
            first = await here.send(errand)
            before = there.received(number_of(errand))
    with department("mz-elder", tmp_path) as again:
        assert again.received(number_of(errand)) == before
        async with onewindow(again) as here:
            repeated = await here.send(here.fresh(errand))
            assert repeated.department_number == first.department_number
            assert again.received(number_of(errand))[0]["times"] == 1


async def test_its_callbacks_prove_themselves_and_reach_a_decision(tmp_path: Path) -> None:
    telephone = Telephone()
    with department("mz-elder", tmp_path, telephone=telephone, speed=5000) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*ELDER))
            outcome = await here.send(errand)
            await until(lambda: any(b'"30"' in call.content for call in telephone.calls))
    for call in telephone.calls:
        body = here.verified(call, tmp_path)
        assert (body["outCaseNo"], body["caseId"]) == (number_of(errand), outcome.department_number)
        assert moment(body["time"]) <= utc_now() + timedelta(seconds=1)
    decided = next(json.loads(call.content) for call in telephone.calls if b'"30"' in call.content)
    assert decided["result"]["category"] == "尊老金"


async def test_a_callback_nobody_takes_is_pushed_six_times_after_one_five_and_thirty_minutes(tmp_path: Path) -> None:
    telephone = Telephone(answers=[500] * 100)
    speed = 20_000.0  # thirty minutes are 90 ms
    with department("mz-elder", tmp_path, telephone=telephone, speed=speed) as there:
        async with onewindow(there) as here:
            await here.send(here.errand(application(*ELDER)))
            await until(lambda: 5 in _attempts(telephone, "30"))
            await asyncio.sleep(0.5)
    attempts = _attempts(telephone, "30")
    # The message may be pushed in two copies; each is tried six times, a seventh time never comes.
    assert set(attempts) == {0, 1, 2, 3, 4, 5}
    assert len(set(attempts.values())) == 1


def _attempts(telephone: Telephone, status: str) -> Counter[int]:
    """Count the calls that told `status` by how often they had been tried before."""
    bodies = (json.loads(call.content) for call in list(telephone.calls))
    return Counter(body["retried"] for body in bodies if body["status"] == status)


async def test_a_decision_due_while_it_was_off_is_told_when_it_is_on_again(tmp_path: Path) -> None:
    with department("mz-elder", tmp_path, speed=2000, telephone=Telephone(answers=[503] * 50)) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*ELDER))
            await here.send(errand)
    telephone = Telephone()
    with department("mz-elder", tmp_path, speed=2000, telephone=telephone):
        await until(lambda: any(b'"30"' in call.content for call in telephone.calls))


async def test_on_sunday_night_it_is_closed(tmp_path: Path) -> None:
    with department("mz-elder", tmp_path, at=moment("2026-11-22 02:30")) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*ELDER))
            outcome = await here.send(errand)
            assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeClass.TRANSIENT, 600.0)
            assert there.received() == []


async def test_an_applicant_takes_it_back_before_the_decision_but_not_after(tmp_path: Path) -> None:
    with department("mz-elder", tmp_path, speed=200) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*ELDER))
            sent = await here.send(errand)
            back = here.withdrawal(errand, sent.department_number)
            assert (await here.send(back)).kind is OutcomeClass.ACCEPTED
            again = await here.send(here.fresh(back))
            assert (again.kind, again.message) == (OutcomeClass.REFUSED, "业务已办结，不能撤回")
