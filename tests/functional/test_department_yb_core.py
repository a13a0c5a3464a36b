"""The healthcare platform: headers and sealed messages, message numbers, the year's change, results in an envelope."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from config.clock import SHANGHAI, utc_now
from connectors.outcomes import OutcomeClass
from demo.ground import sm
from demo.yb_core.app import PATH
from demo.yb_core.envelope import Keys, seal, unseal
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

RESIDENT = ("19-resident-medical-enrolment", "resident")
EMPLOYEE = ("20-employee-medical-enrolment", "employee")
FILING = ("21-nonlocal-medical-filing", "temporary")
EXPENSES = ("23-medical-expense-reimbursement", "inpatient")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Department]:
    with department("yb-core", tmp_path) as running:
        yield running


def _keys(there: Department, private: bytes | None = None) -> Keys:
    return Keys(
        sm4=bytes.fromhex(there.secret("yb-core.sm4").decode()),
        private=private or there.secret("yb-core.sm2-private"),
        public=there.secret("yb-core.sm2-department-public"),
    )


def _headers(there: Department, *, minutes_ago: float = 0, nonce: str = "") -> dict[str, str]:
    stamp = str(int((utc_now() - timedelta(minutes=minutes_ago)).timestamp()))
    nonce = nonce or uuid4().hex
    content = stamp + there.secret("yb-core.token").decode() + nonce + stamp
    return {
        "x-tif-paasid": "onewindow",
        "x-tif-timestamp": stamp,
        "x-tif-nonce": nonce,
        "x-tif-signature": hashlib.sha256(content.encode()).hexdigest(),
    }


def _asking() -> dict[str, object]:
    inf_time = f"{utc_now().astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return {"infno": "YWCX", "msgid": uuid4().hex, "inf_time": inf_time, "input": {"msgid": "none"}}


def _call(there: Department, headers: dict[str, str], data: dict[str, object]) -> httpx2.Response:
    return httpx2.post(f"{there.base_url}{PATH}", json={"data": data}, headers=headers, trust_env=False)


def test_a_sealed_and_signed_message_is_answered_by_one(there: Department) -> None:
    keys = _keys(there)
    answer = _call(there, _headers(there), seal(_asking(), keys, at=utc_now())).json()
    inside: dict[str, Any] = unseal(answer, keys)
    assert (answer["code"], inside["infcode"]) == (0, "-5")


@pytest.mark.parametrize("wrong", ["token", "time", "signature", "seal"])
def test_what_does_not_prove_itself_is_turned_away_at_the_gateway(there: Department, wrong: str) -> None:
    keys = _keys(there, sm.generate_key()[0] if wrong == "signature" else None)
    if wrong == "seal":
        keys = replace(keys, sm4=bytes(16))
    headers = _headers(there, minutes_ago=4 if wrong == "time" else 0)
    if wrong == "token":
        headers["x-tif-signature"] = "0" * 64
    answer = _call(there, headers, seal(_asking(), keys, at=utc_now()))
    assert (answer.status_code, answer.json()["data"]) == (401, None)


def test_a_nonce_is_good_once(there: Department) -> None:
    headers, data = _headers(there), seal(_asking(), _keys(there), at=utc_now())
    assert [_call(there, headers, data).status_code for _ in range(2)] == [200, 401]


async def test_a_message_number_is_bound_to_its_content(there: Department) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*EXPENSES))
        assert (await here.send(errand)).kind is OutcomeClass.PENDING
        form = {**errand.values["form"], "total_amount": "99999.00"}  # type: ignore[dict-item]
        outcome = await here.send(here.fresh(errand, form=form))
    assert (outcome.kind, outcome.message) == (OutcomeClass.INVALID, "msgid已使用且报文内容不一致")
    assert there.received(number_of(errand))[0]["times"] == 1


async def test_a_second_enrolment_is_refused_without_showing_the_stack_trace(there: Department) -> None:
    async with onewindow(there) as here:
        await here.send(here.errand(application(*RESIDENT)))
        second = here.errand(application(*RESIDENT))
        outcome = await here.send(second)
        again = await here.send(here.fresh(second))
    assert outcome.kind is OutcomeClass.REFUSED
    assert outcome.message.startswith("该人员已参保")
    assert "\n" not in outcome.message
    assert "java" not in outcome.message
    assert again == outcome
    assert there.received(number_of(second))[0]["times"] == 1


@pytest.mark.parametrize("at", ["2026-12-30 18:00", "2026-12-31 12:00", "2027-01-01 08:59"])
async def test_while_the_year_changes_nobody_is_enrolled_but_costs_are_taken(tmp_path: Path, at: str) -> None:
    with department("yb-core", tmp_path, at=moment(at)) as there:
        async with onewindow(there) as here:
            assert (await here.send(here.errand(application(*EMPLOYEE)))).kind is OutcomeClass.TRANSIENT
            assert (await here.send(here.errand(application(*EXPENSES)))).kind is OutcomeClass.PENDING


@pytest.mark.parametrize("at", ["2026-11-18 06:59", "2026-11-18 23:00"])
async def test_at_night_the_gateway_is_closed(tmp_path: Path, at: str) -> None:
    with department("yb-core", tmp_path, at=moment(at)) as there:
        async with onewindow(there) as here:
            assert (await here.send(here.errand(application(*RESIDENT)))).kind is OutcomeClass.TRANSIENT


async def test_a_filing_in_another_province_may_be_answered_later(tmp_path: Path) -> None:
    telephone = Telephone()
    with department("yb-core", tmp_path, telephone=telephone, speed=2000) as there:
        async with onewindow(there) as here:
            at_home = [
                await here.send(here.errand(application(*FILING, filing_region="320500"), number=number))
                for number in _numbers()
            ]
            elsewhere = [
                await here.send(here.errand(application(*FILING, filing_region="420100"), number=number))
                for number in _numbers(start=100)
            ]
            assert {outcome.kind for outcome in at_home} == {OutcomeClass.ACCEPTED}
            assert {outcome.kind for outcome in elsewhere} == {OutcomeClass.ACCEPTED, OutcomeClass.PENDING}
            pending = sum(outcome.kind is OutcomeClass.PENDING for outcome in elsewhere)
            await until(lambda: len(telephone.calls) == pending)
            assert {here.verified(call, tmp_path)["status"] for call in telephone.calls} == {"0"}


def _numbers(start: int = 1) -> list[str]:
    return [f"320105007-261118-YB021-{sequence:06d}" for sequence in range(start, start + 12)]


@pytest.mark.parametrize(("third_party", "status"), [(True, "-1"), (False, "0")])
async def test_costs_somebody_else_must_bear_are_refused_later(tmp_path: Path, third_party: bool, status: str) -> None:
    telephone = Telephone()
    with department("yb-core", tmp_path, telephone=telephone, speed=3000) as there:
        async with onewindow(there) as here:
            made = application(*EXPENSES, third_party_duty=third_party, total_amount="1000.00", other_payment=None)
            errand = here.errand(made)
            sent = await here.send(errand)
            await until(lambda: telephone.calls)
            body = here.verified(telephone.calls[0], tmp_path)
    assert (body["biz_no"], body["out_biz_no"], body["status"]) == (sent.department_number, number_of(errand), status)
    assert ("fund_pay_sumamt" in body["output"]) is not third_party
