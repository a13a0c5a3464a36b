"""Taking a case in over the API, on both ways to run: real provider, intake, ledger and stores."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from tests.conftest import Backend
from tests.doubles.api_house import UNIT_B, House, house

MATTER = "05-elder-respect-allowance"


@pytest.fixture
async def one(backend: Backend, tmp_path: Path) -> AsyncIterator[House]:
    async with house(backend.engine, backend.state, tmp_path) as opened:
        yield opened


async def test_an_application_becomes_a_case_that_can_be_read(one: House) -> None:
    clerk = await one.bearer()
    answer = await one.submit(clerk, one.application())
    assert answer.status_code == 201, answer.text
    accepted = answer.json()
    assert accepted["status"] == "accepted"
    assert accepted["due_on"]
    assert len(accepted["query_code"]) == 8
    (delivery,) = accepted["deliveries"]
    assert (delivery["system"], delivery["state"], delivery["department_number"]) == ("mz-elder", "queued", None)
    read = await one.client.get(answer.headers["location"], headers=clerk)
    assert read.status_code == 200, read.text
    case = read.json()
    assert case["number"] == accepted["number"]
    assert [event["status"] for event in case["events"]] == ["received", "accepted"]
    assert case["matter"] == {"id": MATTER, "name": "尊老金发放", "name_en": case["matter"]["name_en"]}


async def test_the_same_key_and_content_give_the_same_case(one: House) -> None:
    clerk, body = await one.bearer(), one.application()
    answers = [await one.submit(clerk, body, "k1") for _each in range(3)]
    assert [each.status_code for each in answers] == [201, 201, 201]
    assert len({(a.json()["number"], a.json()["query_code"]) for a in answers}) == 1


async def test_twenty_clicks_at_once_make_one_case(one: House) -> None:
    clerk, body = await one.bearer(), one.application()
    numbers: list[str] = []

    async def click() -> None:
        answer = await one.submit(clerk, body, "one-key")
        assert answer.status_code == 201, answer.text
        numbers.append(answer.json()["number"])

    async with anyio.create_task_group() as group:
        for _each in range(20):
            group.start_soon(click)
    assert len(set(numbers)) == 1
    listed = await one.client.get("/api/v1/cases", headers=clerk)
    assert [case["number"] for case in listed.json()["cases"]] == numbers[:1]


async def test_a_key_used_for_something_else_is_refused(one: House) -> None:
    clerk = await one.bearer()
    await one.submit(clerk, one.application(seed=1), "k1")
    answer = await one.submit(clerk, one.application(seed=2), "k1")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (422, "idempotency-key-reused")


async def test_the_same_person_with_the_same_matter_in_flight_is_told_of_the_case(one: House) -> None:
    clerk, body = await one.bearer(), one.application()
    first = await one.submit(clerk, body, "k1")
    second = await one.submit(clerk, body, "k2")
    assert second.status_code == 409, second.text
    assert first.json()["number"] in second.json()["detail"]


async def test_a_case_of_another_unit_looks_like_none(one: House) -> None:
    number = (await one.submit(await one.bearer(), one.application())).json()["number"]
    other = await one.bearer("other-api", **UNIT_B)
    none = number[:-6] + "999999"
    answers = [await one.client.get(f"/api/v1/cases/{each}", headers=other) for each in (number, none)]
    assert [each.status_code for each in answers] == [404, 404]
    bodies = [{k: v for k, v in each.json().items() if k != "instance"} for each in answers]
    assert bodies[0] == bodies[1]
    taken_back = await one.client.post(f"/api/v1/cases/{number}/withdraw", json={"reason": "x"}, headers=other)
    assert taken_back.status_code == 404
    assert (await one.client.get("/api/v1/cases", headers=other)).json() == {"cases": [], "next": None}


async def test_who_has_no_role_or_no_township_takes_nothing_in(one: House) -> None:
    for client_id, claims in (
        ("no-role", {"roles": frozenset()}),
        ("a-manager", {"roles": frozenset({"manager"})}),
        ("a-county", {"region": "320105"}),
    ):
        answer = await one.submit(await one.bearer(client_id, **claims), one.application())
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (403, "not-permitted")


async def test_the_list_of_a_unit_is_paged(one: House) -> None:
    clerk = await one.bearer()
    numbers = [(await one.submit(clerk, one.application(seed=seed))).json()["number"] for seed in range(3)]
    seen: list[str] = []
    after = ""
    for _page in range(3):
        page = (await one.client.get("/api/v1/cases", params={"limit": "2", "after": after}, headers=clerk)).json()
        seen += [case["number"] for case in page["cases"]]
        after = page["next"] or ""
        if not after:
            break
    assert seen == numbers[::-1]


async def test_a_case_is_withdrawn_once(one: House) -> None:
    clerk = await one.bearer()
    number = (await one.submit(clerk, one.application())).json()["number"]
    address = f"/api/v1/cases/{number}/withdraw"
    withdrawn = await one.client.post(address, json={"reason": "申请人不再需要"}, headers=clerk)
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    again = await one.client.post(address, json={"reason": "申请人不再需要"}, headers=clerk)
    assert (again.status_code, again.json()["type"].rsplit("/", 1)[1]) == (409, "case-state")


async def test_answers_carry_no_personal_data(one: House) -> None:
    clerk, body = await one.bearer(), one.application()
    accepted = await one.submit(clerk, body)
    read = await one.client.get(accepted.headers["location"], headers=clerk)
    listed = await one.client.get("/api/v1/cases", headers=clerk)
    typed = {v for v in body["form"].values() if isinstance(v, str) and len(v) > 2 and not v.startswith("20")}
    assert body["form"]["applicant_id_number"] in typed
    for text in (accepted.text, read.text, listed.text):
        assert not [value for value in typed if value in text]
    assert accepted.json()["query_code"] not in read.text + listed.text
