"""The citizen's page: number and query code, masked, limited, without scripts."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from tests.doubles.api_house import House, house

WRONG = "22222222"


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with house(embedded, MemoryStateStore(), tmp_path) as opened:
        yield opened


async def taken_in(one: House) -> tuple[dict[str, Any], dict[str, Any]]:
    body = one.application()
    answer = await one.submit(await one.bearer(), body)
    assert answer.status_code == 201, answer.text
    return answer.json(), body


def typed_values(body: dict[str, Any]) -> set[str]:
    return {v for v in body["form"].values() if isinstance(v, str) and len(v) > 2 and not v.startswith("20")}


async def look(one: House, **form: str) -> httpx2.Response:
    return await one.client.post("/status", data=form)


async def test_number_and_code_show_one_plain_word_and_nothing_of_the_form(one: House) -> None:
    case, body = await taken_in(one)
    page = await look(one, number=case["number"], code=case["query_code"])
    assert page.status_code == 200
    assert "已受理" in page.text
    assert "正在送往部门" in page.text
    assert case["due_on"] in page.text
    assert case["query_code"] not in page.text
    assert not [value for value in typed_values(body) if value in page.text]
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]


async def test_typing_is_forgiven(one: House) -> None:
    case, _body = await taken_in(one)
    code = case["query_code"].lower()
    page = await look(one, number=f" {case['number'].replace('-', '－')} ", code=f"{code[:4]} {code[4:]}")
    assert page.status_code == 200


async def test_unknown_number_and_wrong_code_get_the_same_page(one: House) -> None:
    case, _body = await taken_in(one)
    none = case["number"][:-6] + "999999"
    pages = [await look(one, number=number, code=WRONG) for number in (case["number"], none)]
    assert [page.status_code for page in pages] == [422, 422]
    texts = [re.sub(r"\d{9}-\d{6}-[A-Z]+\d+-\d+", "N", page.text) for page in pages]
    assert texts[0] == texts[1]
    assert "对不上" in texts[0]


async def test_time_does_not_tell_which_numbers_exist(one: House) -> None:
    case, _body = await taken_in(one)
    none = case["number"][:-6] + "999999"
    took: dict[str, list[float]] = {case["number"]: [], none: []}
    for _round in range(5):
        for number, times in took.items():
            began = perf_counter()
            answer = await one.client.get("/api/v1/status", params={"number": number, "code": WRONG})
            times.append(perf_counter() - began)
            assert answer.status_code == 404
    existing, unknown = (median(times) for times in took.values())
    assert min(existing, unknown) >= 0.25
    assert abs(existing - unknown) < 0.05


async def test_guessing_ends_at_ten_tries_a_number_even_with_the_right_code(one: House) -> None:
    case, _body = await taken_in(one)
    answers = [await look(one, number=case["number"], code=WRONG) for _try in range(11)]
    assert [page.status_code for page in answers] == [422] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "600"
    assert "10 分钟后再查" in answers[-1].text
    assert (await look(one, number=case["number"], code=case["query_code"])).status_code == 429
    over_the_api = await one.client.get("/api/v1/status", params={"number": case["number"], "code": case["query_code"]})
    assert over_the_api.status_code == 429


async def test_a_forwarded_address_made_up_by_the_caller_changes_nothing(one: House) -> None:
    statuses = []
    for n in range(61):
        answer = await one.client.get(
            "/api/v1/status",
            params={"number": f"320105007-261122-MZ005-{n:06d}", "code": ""},
            headers={"x-forwarded-for": f"203.0.113.{n}", "forwarded": f"for=203.0.113.{n}"},
        )
        statuses.append(answer.status_code)
    assert set(statuses) == {400}  # no code: nothing was tried, nothing counted
    for _try in range(60):
        await one.api.state.count("limit:status-address:" + digest("127.0.0.1"), timedelta(minutes=10))
    answer = await one.client.get(
        "/api/v1/status",
        params={"number": "320105007-261122-MZ005-000001", "code": WRONG},
        headers={"x-forwarded-for": "203.0.113.200"},
    )
    assert answer.status_code == 429


def digest(subject: str) -> str:
    from hashlib import blake2s

    return blake2s(subject.encode(), digest_size=16).hexdigest()


async def test_the_qr_code_brings_the_number_never_the_code(one: House) -> None:
    page = await one.client.get("/status", params={"number": "320105007-261122-MZ005-000001", "code": "SECRET22"})
    assert 'value="320105007-261122-MZ005-000001"' in page.text
    assert "SECRET22" not in page.text


async def test_an_open_page_looks_again_without_the_code_until_its_token_ends(one: House) -> None:
    case, _body = await taken_in(one)
    page = await look(one, number=case["number"], code=case["query_code"])
    (view,) = re.findall(r'name="view" value="([^"]+)"', page.text)
    for _again in range(15):
        again = await one.client.post("/status", data={"view": view}, headers={"hx-request": "true"})
        assert again.status_code == 200
    assert again.text.lstrip().startswith('<div id="status-case">')
    assert view in again.text
    forged = await one.client.post("/status", data={"view": view[:-2] + "xx"})
    assert (forged.status_code, "已过期" in forged.text) == (422, True)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "请填写办件编号"),
        ({"number": "320105007-261122-MZ005-000001"}, "请填写查询码"),
        ({"number": "12345", "code": WRONG}, "格式不对"),
        ({"number": "'; DROP TABLE--", "code": "\x00"}, "格式不对"),
        ({"number": "x" * 5000, "code": "y" * 5000}, "格式不对"),
    ],
)
async def test_what_is_missing_or_malformed_is_told_at_the_field(one: House, form: dict[str, str], said: str) -> None:
    page = await look(one, **form)
    assert page.status_code == 422
    assert said in page.text


async def test_english_is_complete(one: House) -> None:
    case, _body = await taken_in(one)
    page = await one.client.post(
        "/status",
        data={"number": case["number"], "code": case["query_code"]},
        headers={"accept-language": "en"},
    )
    main = page.text[page.text.index("<main") : page.text.index("</main>")]
    chinese = set(re.findall(r"[\u4e00-\u9fff]+", main))
    assert chinese <= {case_name for case_name in chinese if len(case_name) <= 2}  # the masked name alone


async def test_the_api_says_the_same(one: House) -> None:
    case, body = await taken_in(one)
    answer = await one.client.get("/api/v1/status", params={"number": case["number"], "code": case["query_code"]})
    assert answer.status_code == 200
    status = answer.json()
    assert status["word"] == "已受理"
    assert [step["state"] for step in status["steps"]] == ["done", "current", "waiting", "waiting", "waiting"]
    assert status["deliveries"][0]["text"] == "正在送往部门"
    assert not [value for value in typed_values(body) if value in answer.text]


async def test_a_case_that_was_taken_back_promises_no_day(one: House) -> None:
    case, _body = await taken_in(one)
    answer = await one.client.post(
        f"/api/v1/cases/{case['number']}/withdraw", json={"reason": "改主意"}, headers=await one.bearer()
    )
    assert answer.status_code == 200, answer.text
    page = await look(one, number=case["number"], code=case["query_code"])
    assert "已按您的申请撤回" in page.text
    assert case["due_on"] not in page.text
