"""The food licence: MD5 signatures, a pre-acceptance that is no acceptance, three callbacks and a correction."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.outcomes import OutcomeClass
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

NEW = ("E01-food-business-licence", "catering")
SOUND = {"items": ["hot", "cold"], "self_made_drink": False, "area": 80}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Department]:
    with department("scjg-food", tmp_path) as running:
        yield running


def _status(there: Department, secret: bytes, *, seconds_ago: int = 0) -> dict[str, Any]:
    parameters = {
        "appKey": "onewindow",
        "timestamp": str(int((time.time() - seconds_ago) * 1000)),
        "outCaseNo": "none",
    }
    content = "&".join(f"{key}={parameters[key]}" for key in sorted(parameters)).encode() + secret
    signed = {**parameters, "sign": hashlib.md5(content).hexdigest()}  # noqa: S324 - it is what they have
    answer: dict[str, Any] = httpx2.get(f"{there.base_url}/licence/status", params=signed, trust_env=False).json()
    return answer


def test_a_signature_is_checked_and_gets_old(there: Department) -> None:
    secret = there.secret("scjg-food.md5")
    assert _status(there, secret)["code"] == "4004"
    assert _status(there, b"another")["msg"] == "签名错误"
    assert _status(there, secret, seconds_ago=181)["msg"] == "timestamp超出允许偏差"


async def _calls(tmp_path: Path, **changed: object) -> tuple[str, list[dict[str, Any]]]:
    """Send one application and return its number and what was told until it was decided."""
    telephone = Telephone(well=b'{"code": "200"}')
    with department("scjg-food", tmp_path, telephone=telephone, speed=3000) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*NEW, **{**SOUND, **changed}))
            outcome = await here.send(errand)
            assert (outcome.kind, outcome.status) == (OutcomeClass.ACCEPTED, "submitted")
            await until(lambda: any(_word(call) in ("CERT", "REFUSE", "VOID") for call in telephone.calls))
            return number_of(errand), [here.verified(call, tmp_path) for call in telephone.calls]


def _word(call: httpx2.Request) -> str:
    return str(json.loads(call.content)["status"])


async def test_it_is_accepted_inspected_and_licensed_in_three_callbacks(tmp_path: Path) -> None:
    number, told = await _calls(tmp_path)
    words = [body["status"] for body in told]
    assert words[0] == "ACCEPT"
    assert set(words[1:-1]) == {"CHECK"}
    assert words[-1] == "CERT"
    assert {body["outCaseNo"] for body in told} == {number}
    assert told[-1]["certNo"].startswith("JY1")
    assert told[0]["acceptNo"] != told[0]["preNo"]
    assert len({body["eventId"] for body in told}) == len(told)


async def test_a_kitchen_that_is_too_small_is_refused_after_the_inspection(tmp_path: Path) -> None:
    _number, told = await _calls(tmp_path, area=6)
    assert [body["status"] for body in told][-1] == "REFUSE"
    assert "面积6平方米" in told[-1]["msg"]


async def test_without_a_supplement_the_pre_acceptance_is_withdrawn(tmp_path: Path) -> None:
    _number, told = await _calls(tmp_path, self_made_drink=True)
    assert [body["status"] for body in told] == ["BACK", "VOID"]
    assert told[-1]["msg"] == "逾期未补正，预受理自动撤回"


async def test_a_licence_number_may_be_corrected_after_it_was_issued(tmp_path: Path) -> None:
    telephone = Telephone(well=b'{"code": "200"}')
    with department("scjg-food", tmp_path, telephone=telephone, speed=6000) as there:
        async with onewindow(there) as here:
            for seed in range(30):
                number = f"320105007-261118-SCE01-{seed:06d}"
                await here.send(here.errand(application(*NEW, seed=seed, **SOUND), number=number))
            await until(lambda: any(b'"corrected"' in call.content for call in telephone.calls))
            told = [here.verified(call, tmp_path) for call in telephone.calls]
    correction = next(body for body in told if body.get("corrected"))
    certified = [body for body in told if body["preNo"] == correction["preNo"] and body["status"] == "CERT"]
    assert len({body["certNo"] for body in certified}) == 2


async def test_the_same_business_at_the_same_place_is_one_application(there: Department) -> None:
    async with onewindow(there) as here:
        first = await here.send(here.errand(application(*NEW)))
        other = here.errand(application(*NEW))
        second = await here.send(other)
    assert (second.kind, second.department_number) == (OutcomeClass.DUPLICATE, first.department_number)
    assert there.received(number_of(other)) == []


async def test_on_the_second_saturdays_night_it_is_closed(tmp_path: Path) -> None:
    with department("scjg-food", tmp_path, at=moment("2026-11-14 05:59")) as there:
        async with onewindow(there) as here:
            assert (await here.send(here.errand(application(*NEW)))).kind is OutcomeClass.TRANSIENT
