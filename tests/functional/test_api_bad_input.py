"""What a caller gets wrong: the right status, a sentence that says what to do, at the place, in their language."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from tests.doubles.api_house import House, house

PROBLEM = "application/problem+json"


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with house(embedded, MemoryStateStore(), tmp_path) as opened:
        yield opened


def kind(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == PROBLEM, answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    return str(body["type"]).rsplit("/", 1)[1]


def pointers(answer: httpx2.Response) -> dict[str, str]:
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


async def post(one: House, body: bytes, **headers: str) -> httpx2.Response:
    given = {"content-type": "application/json", "idempotency-key": "k", **headers}
    return await one.client.post("/api/v1/cases", content=body, headers={**await one.bearer(), **given})


@pytest.mark.parametrize(
    "body", [b"matter=04&form=x", b"{", b"", b"\xff\xfe", b'{"matter":"a","matter":"b","form":{}}']
)
async def test_a_body_that_is_no_json_is_400(one: House, body: bytes) -> None:
    answer = await post(one, body)
    assert (answer.status_code, kind(answer)) == (400, "invalid-json")


async def test_another_media_type_is_415(one: House) -> None:
    answer = await post(one, b"{}", **{"content-type": "text/plain"})
    assert (answer.status_code, kind(answer)) == (415, "unsupported-media-type")


async def test_ten_megabytes_in_a_text_field_are_413(one: House) -> None:
    body = b'{"matter":"04-temporary-assistance","form":{"reason_detail":"' + b"x" * 9_000_000 + b'"}}'
    answer = await post(one, body)
    assert (answer.status_code, kind(answer)) == (413, "too-large")


async def test_deep_json_is_refused_early(one: House) -> None:
    deep = b'{"matter":"a","form":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    headers = {**await one.bearer(), "content-type": "application/json", "idempotency-key": "k"}
    began = time.perf_counter()
    answer = await one.client.post("/api/v1/cases", content=deep, headers=headers)
    assert (answer.status_code, kind(answer)) == (400, "invalid-json")
    assert time.perf_counter() - began < 0.5


async def test_a_missing_or_doubled_idempotency_key_is_400(one: House) -> None:
    clerk, body = await one.bearer(), one.application()
    without = await one.client.post("/api/v1/cases", json=body, headers=clerk)
    doubled = await one.client.post(
        "/api/v1/cases", json=body, headers=[*clerk.items(), ("idempotency-key", "a"), ("idempotency-key", "b")]
    )
    for answer in (without, doubled):
        assert (answer.status_code, kind(answer)) == (400, "invalid-request")
        assert list(pointers(answer)) == ["Idempotency-Key"]


async def test_an_unknown_matter_is_named(one: House) -> None:
    answer = await one.submit(await one.bearer(), {"matter": "99-nothing", "form": {}})
    assert (answer.status_code, kind(answer)) == (422, "invalid-application")
    assert list(pointers(answer)) == ["/matter"]
    read = await one.client.get("/api/v1/matters/99-nothing", headers=await one.bearer())
    assert (read.status_code, kind(read)) == (404, "not-found")


async def test_a_situation_is_asked_for_where_the_matter_has_several(one: House) -> None:
    body = one.application("04-temporary-assistance")
    del body["situation"]
    answer = await one.submit(await one.bearer(), body)
    assert answer.status_code == 422
    assert "expenditure（支出型临时救助）" in pointers(answer)["/situation"]


async def test_the_only_situation_need_not_be_named(one: House) -> None:
    body = one.application("05-elder-respect-allowance")
    del body["situation"]
    assert (await one.submit(await one.bearer(), body)).status_code == 201


async def test_a_wrong_identity_number_is_named_at_the_field_in_both_languages(one: House) -> None:
    body = one.application()
    number = body["form"]["applicant_id_number"]
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    body["form"]["applicant_id_number"] = wrong
    clerk = await one.bearer()
    chinese = await one.submit(clerk, body)
    english = await one.submit({**clerk, "accept-language": "en"}, body)
    assert (chinese.status_code, english.status_code) == (422, 422)
    told = pointers(chinese)["/form/applicant_id_number"]
    assert any("\u4e00" <= character <= "\u9fff" for character in told)
    in_english = pointers(english)["/form/applicant_id_number"]
    assert in_english.isascii()
    assert english.json()["title"].isascii()
    assert wrong not in chinese.text


async def test_every_field_left_out_is_named_at_once(one: House) -> None:
    body = {**one.application(), "form": {}}
    answer = await one.submit(await one.bearer(), body)
    assert answer.status_code == 422
    assert {"/form/applicant_name", "/form/applicant_id_number"} <= pointers(answer).keys()


async def test_materials_left_out_are_named_one_by_one(one: House) -> None:
    body = one.application("04-temporary-assistance")
    required = sorted(body.pop("materials"))
    answer = await one.submit(await one.bearer(), body)
    assert answer.status_code == 422
    named = {pointer for pointer in pointers(answer) if pointer.startswith("/materials/")}
    assert {f"/materials/{material}" for material in required} <= named


async def test_a_material_the_guide_does_not_allow_is_named_where_it_was_said(one: House) -> None:
    body = one.application("04-temporary-assistance")
    body["materials"] = [{"id": name, "form": form} for name, form in body["materials"].items()]
    body["materials"].append({"id": "horoscope", "form": "paper"})
    answer = await one.submit(await one.bearer(), body)
    assert list(pointers(answer)) == [f"/materials/{len(body['materials']) - 1}"]


@pytest.mark.parametrize(
    "form",
    [
        {"applicant_name": {"a": 1}},
        {"applicant_name": "测" * 100_000},
        {"applicant_id_number": 10**30},
        {"__proto__": 1, "situation": []},
        {f"field{i}": i for i in range(20_000)},
        {"applicant_name": [[[[1]]]]},
    ],
)
async def test_whatever_stands_in_a_form_is_answered_in_words(one: House, form: dict[str, Any]) -> None:
    answer = await one.submit(await one.bearer(), {**one.application(), "form": form})
    assert (answer.status_code, kind(answer)) in {(422, "invalid-application"), (413, "too-large")}
    assert len(answer.content) < 200_000


async def test_an_unknown_address_and_method_are_answered_as_problems(one: House) -> None:
    nothing = await one.client.get("/api/v1/people")
    assert (nothing.status_code, kind(nothing)) == (404, "not-found")
    wrong = await one.client.delete("/api/v1/cases")
    assert (wrong.status_code, kind(wrong)) == (405, "method-not-allowed")
    assert wrong.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?limit=1&limit=2", "?limit=101", "?after=%00"])
async def test_a_wrong_parameter_is_400(one: House, query: str) -> None:
    answer = await one.client.get(f"/api/v1/cases{query}", headers=await one.bearer())
    assert (answer.status_code, kind(answer)) == (400, "invalid-request")
    assert len(pointers(answer)) == 1


@pytest.mark.parametrize("number", ["x", "320105007-261122-MZ005-999999", "..%2f..%2fetc", "%00", "3" * 500])
async def test_what_can_be_no_case_number_is_404(one: House, number: str) -> None:
    answer = await one.client.get(f"/api/v1/cases/{number}", headers=await one.bearer())
    assert (answer.status_code, kind(answer)) == (404, "not-found")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": 1}, {"reason": "x" * 201}, {"reason": "a", "b": 1}])
async def test_a_withdrawal_needs_a_reason(one: House, body: dict[str, Any]) -> None:
    clerk = await one.bearer()
    number = (await one.submit(clerk, one.application())).json()["number"]
    answer = await one.client.post(f"/api/v1/cases/{number}/withdraw", json=body, headers=clerk)
    assert (answer.status_code, list(pointers(answer))) == (422, ["/reason"])
