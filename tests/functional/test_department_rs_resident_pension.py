"""The residents' pension department: SM2 signatures both ways, serial numbers, month-end settlement, results by callback."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from config.clock import SHANGHAI, utc_now
from connectors.outcomes import OutcomeClass
from demo.ground import sm
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

ENROL = ("09-resident-pension-enrolment", "standard")
CLAIM = ("10-resident-pension-claim", "standard")
CANCEL = ("11-resident-pension-cancellation", "death")
CERTIFY = ("18-pension-eligibility-check", "standard")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Department]:
    with department("rs-resident-pension", tmp_path) as running:
        yield running


def _query(there: Department, *, at: datetime, key: bytes, **changed: object) -> dict[str, Any]:
    """Ask by hand: canonical JSON without `sign`, signed with SM2."""
    message = {"txCode": "YWCX", "yzls": uuid4().hex, "reqTime": f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}"}
    message |= {"body": {"ywbh": "nothing"}}  # type: ignore[dict-item]
    canonical = json.dumps(message, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signed = {**message, "sign": base64.b64encode(sm.sm2_sign(key, canonical)).decode(), **changed}
    answer: dict[str, Any] = httpx2.post(f"{there.base_url}/gateway/do", json=signed, trust_env=False).json()
    return answer


def test_a_signature_of_ours_is_believed(there: Department) -> None:
    key = there.secret("rs-resident-pension.sm2-private")
    assert _query(there, at=utc_now(), key=key)["code"] == "E4004"


def test_a_signature_of_somebody_else_is_refused(there: Department) -> None:
    private, _public = sm.generate_key()
    assert _query(there, at=utc_now(), key=private)["code"] == "E1001"


def test_a_changed_message_is_refused(there: Department) -> None:
    key = there.secret("rs-resident-pension.sm2-private")
    assert _query(there, at=utc_now(), key=key, body={"ywbh": "another"})["code"] == "E1001"


def test_an_old_message_is_refused(there: Department) -> None:
    key = there.secret("rs-resident-pension.sm2-private")
    assert _query(there, at=utc_now() - timedelta(minutes=6), key=key)["code"] == "E1002"


def test_its_answers_are_signed(there: Department) -> None:
    answer = _query(there, at=utc_now(), key=there.secret("rs-resident-pension.sm2-private"))
    signature = base64.b64decode(answer.pop("sign"))
    message = json.dumps(answer, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert sm.sm2_holds(there.secret("rs-resident-pension.sm2-department-public"), signature, message)


async def test_a_refusal_is_said_in_words_and_is_the_same_when_asked_again(there: Department) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*CERTIFY, benefit_type="employee"))
        outcome = await here.send(errand)
        assert outcome.kind is OutcomeClass.REFUSED
        assert "企业职工社会保险业务系统" in outcome.message
        again = await here.send(here.fresh(errand))
        assert (again.kind, again.message, again.department_number) == (
            outcome.kind,
            outcome.message,
            outcome.department_number,
        )
    assert there.received(number_of(errand))[0]["times"] == 1


async def test_the_settlement_refuses_benefits_and_takes_registrations(tmp_path: Path) -> None:
    with department("rs-resident-pension", tmp_path, at=moment("2026-11-30 18:30")) as there:
        async with onewindow(there) as here:
            claim = await here.send(here.errand(application(*CLAIM)))
            cancel = await here.send(here.errand(application(*CANCEL)))
            enrol = await here.send(here.errand(application(*ENROL)))
        assert [claim.kind, cancel.kind] == [OutcomeClass.TRANSIENT, OutcomeClass.TRANSIENT]
        assert claim.message.startswith("月结期间")
        assert enrol.kind is OutcomeClass.ACCEPTED
        assert len(there.received()) == 1


@pytest.mark.parametrize("at", ["2026-11-18 06:59", "2026-11-18 21:30", "2026-10-02 10:00", "2026-02-18 10:00"])
async def test_at_night_and_on_the_two_long_holidays_it_is_closed(tmp_path: Path, at: str) -> None:
    with department("rs-resident-pension", tmp_path, at=moment(at)) as there:
        async with onewindow(there) as here:
            assert (await here.send(here.errand(application(*ENROL)))).kind is OutcomeClass.TRANSIENT


async def test_a_benefit_is_decided_later_and_told_with_a_signature(tmp_path: Path) -> None:
    telephone = Telephone()
    with department("rs-resident-pension", tmp_path, telephone=telephone, speed=3000) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*CLAIM))
            outcome = await here.send(errand)
            assert (outcome.kind, outcome.status) == (OutcomeClass.ACCEPTED, "accepted")
            await until(lambda: telephone.calls)
            body = here.verified(telephone.calls[0], tmp_path)
    assert (body["ywbh"], body["aaz308"], body["zt"]) == (number_of(errand), outcome.department_number, "3")
    assert float(body["body"]["aae129"]) > 0


async def test_a_claimant_who_is_the_deceased_is_refused(tmp_path: Path) -> None:
    telephone = Telephone()
    made = application(*CANCEL)
    same = application(*CANCEL, claimant_id_number=made.form["deceased_id_number"])
    with department("rs-resident-pension", tmp_path, telephone=telephone, speed=3000) as there:
        async with onewindow(there) as here:
            await here.send(here.errand(same))
            await until(lambda: telephone.calls)
            body = here.verified(telephone.calls[0], tmp_path)
    assert (body["zt"], body["msg"]) == ("-1", "死亡注销的领取人不能为参保人本人")
