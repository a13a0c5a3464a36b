"""The birth registration: token and address, one registration per pregnancy or certificate, corrections."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from connectors.outcomes import OutcomeClass
from demo.wj_birth.rules import business_key
from tests.doubles.departments import Department, application, department, moment, number_of, onewindow

BIRTH = ("25-birth-registration", "standard")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Department]:
    with department("wj-birth", tmp_path) as running:
        yield running


def test_a_wrong_token_is_refused(there: Department) -> None:
    answer = httpx2.post(f"{there.base_url}/api/birthreg", json={}, headers={"x-token": "wrong"}, trust_env=False)
    assert (answer.status_code, answer.json()["message"]) == (401, "token无效")


async def test_a_pregnancy_is_registered_once_whatever_number_of_ours_it_comes_under(there: Department) -> None:
    async with onewindow(there) as here:
        first = await here.send(here.errand(application(*BIRTH)))
        other = here.errand(application(*BIRTH))
        second = await here.send(other)
    assert (first.kind, first.status) == (OutcomeClass.ACCEPTED, "completed_approved")
    assert (second.kind, second.status) == (OutcomeClass.DUPLICATE, "completed_approved")
    assert second.department_number == first.department_number
    assert there.received(number_of(other)) == []


def test_a_certificate_counts_more_than_the_pregnancy() -> None:
    mother = {"motherIdNo": "1", "parity": 2}
    assert business_key(mother) != business_key({**mother, "parity": 1})
    assert business_key({**mother, "birthCertNo": "A1"}) == business_key({"motherIdNo": "9", "birthCertNo": "A1"})


async def test_a_mother_the_register_knows_as_a_man_fails_with_a_reason(there: Department) -> None:
    async with onewindow(there) as here:
        man = application("15-unemployment-registration", "standard", seed=3).form["applicant_id_number"]
        for seed in range(4, 40):
            if int(man[16]) % 2 == 1:
                break
            man = application("15-unemployment-registration", "standard", seed=seed).form["applicant_id_number"]
        errand = here.errand(application(*BIRTH))
        form = {**errand.values["form"], "mother_id_number": man}  # type: ignore[dict-item]
        outcome = await here.send(here.fresh(errand, form=form))
    assert (outcome.kind, outcome.message) == (OutcomeClass.REFUSED, "女方身份证件性别与全员人口库不一致")


async def test_a_certificate_number_is_corrected(there: Department) -> None:
    async with onewindow(there) as here:
        sent = await here.send(here.errand(application(*BIRTH)))
    headers = {"x-token": there.secret("wj-birth.token").decode()}
    answer = httpx2.put(
        f"{there.base_url}/api/birthreg/{sent.department_number}",
        json={"birthCertNo": "Z123456789"},
        headers=headers,
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["message"]) == (200, "出生医学证明编号已更正")
    refused = httpx2.put(
        f"{there.base_url}/api/birthreg/{sent.department_number}",
        json={"birthCertNo": "?"},
        headers=headers,
        trust_env=False,
    )
    assert refused.status_code == 400


async def test_its_answers_carry_a_field_its_documentation_does_not_know(there: Department) -> None:
    async with onewindow(there) as here:
        errand = here.errand(application(*BIRTH))
        await here.send(errand)
    headers = {"x-token": there.secret("wj-birth.token").decode()}
    url = f"{there.base_url}/api/birthreg"
    found = httpx2.get(url, params={"outCaseNo": number_of(errand)}, headers=headers, trust_env=False).json()
    assert found["orgCode"] == "320105WJ01"


async def test_it_never_closes(tmp_path: Path) -> None:
    with department("wj-birth", tmp_path, at=moment("2026-11-22 03:05")) as there:
        async with onewindow(there) as here:
            assert (await here.send(here.errand(application(*BIRTH)))).kind is OutcomeClass.ACCEPTED
