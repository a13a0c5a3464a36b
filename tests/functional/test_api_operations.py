"""Health, readiness, metrics, and departments calling back."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStoreUnavailable
from config.storage.memory_state import MemoryStateStore
from matters.storage.cases import SqlCaseStore
from tests.doubles.api_house import METRICS_TOKEN, House, house


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with house(embedded, MemoryStateStore(), tmp_path) as opened:
        yield opened


async def test_health_and_readiness_are_open(one: House) -> None:
    assert (await one.client.get("/healthz")).text == "ok\n"
    ready = await one.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "parts": {"database": "ok", "guides": "ok", "state": "ok"}},
    )


async def test_readiness_names_the_part_that_does_not_answer(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise StateStoreUnavailable

    monkeypatch.setitem(one.api.parts, "state", away)  # type: ignore[arg-type]  # a dict behind a Mapping
    ready = await one.client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]) == (503, {"database": "ok", "guides": "ok", "state": "failed"})


async def test_metrics_count_by_route_and_name_nobody(one: House) -> None:
    clerk = await one.bearer()
    number = (await one.submit(clerk, one.application())).json()["number"]
    await one.client.get(f"/api/v1/cases/{number}", headers=clerk)
    await one.client.get("/nowhere-at-all")
    text = (await one.client.get("/metrics")).text
    assert 'onewindow_requests_total{method="GET",route="/api/v1/cases/{number}",status="200"} 1.0' in text
    assert 'onewindow_deliveries{state="queued",system="mz-elder"} 1.0' in text
    assert 'onewindow_delivery_oldest_seconds{system="mz-elder"}' in text
    for word in (number, "320105007", "clerk-api", "nowhere-at-all", "bmfw"):
        assert word not in text


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.5", {}, 404),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.5"}, 404),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, 404),
        ("203.0.113.5", {"authorization": f"Bearer {METRICS_TOKEN}"}, 200),
        ("203.0.113.5", {"authorization": "Bearer wrong"}, 404),
        ("203.0.113.5", {"authorization": "Bearer "}, 404),
    ],
)
async def test_metrics_are_for_this_machine_or_who_knows_the_token(
    one: House, peer: str, headers: dict[str, str], status: int
) -> None:
    transport = httpx2.ASGITransport(app=one.app, client=(peer, 5))
    async with httpx2.AsyncClient(transport=transport, base_url=one.settings.base_url) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status


def signed(secret: str, body: bytes) -> dict[str, str]:
    stamp, nonce = str(int(time.time())), "0123456789abcdef"
    content = stamp.encode() + nonce.encode() + body
    return {
        "x-app-id": "mz-elder",
        "x-timestamp": stamp,
        "x-nonce": nonce,
        "x-signature": hmac.digest(secret.encode(), content, hashlib.sha256).hex(),
        "content-type": "application/json",
    }


async def test_a_callback_without_proof_is_refused_in_the_words_of_the_spec(one: House) -> None:
    (one.directory / "mz-elder.callback").write_text("a callback secret of a test")
    body = json.dumps({"eventId": "e1", "caseId": "x", "outCaseNo": "y", "status": "20"}).encode()
    answer = await one.client.post("/callbacks/mz-elder", content=body, headers=signed("another secret", body))
    assert answer.status_code == 401


@pytest.mark.parametrize("system", ["mz-elder", "yb-core", "scjg-food", "rs-resident-pension"])
async def test_a_forged_callback_of_any_shape_is_refused(one: House, system: str) -> None:
    bodies = (b"", b"[]", b"\xff", b'{"a":' * 9_000, b'{"sign":"\\ud800","signature":"\\ud800"}', b'{"a":"\\ud800"}')
    for body in bodies:
        assert (await one.client.post(f"/callbacks/{system}", content=body)).status_code == 401, body[:20]


@pytest.mark.parametrize("system", ["none", "wj-birth", "%2e%2e", "%00", "MZ elder"])
async def test_a_system_that_never_calls_is_404(one: House, system: str) -> None:
    answer = await one.client.post(f"/callbacks/{system}", content=b"{}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_callback_is_bounded(one: House) -> None:
    answer = await one.client.post("/callbacks/mz-elder", content=b" " * (256 * 1024 + 1))
    assert answer.status_code == 413


async def test_a_fault_of_the_api_is_answered_with_its_number_and_nothing_else(
    one: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_args: object) -> None:
        raise ValueError("applicant Zhang San")

    monkeypatch.setattr(SqlCaseStore, "by_query_code", fails)
    answer = await one.client.get("/api/v1/status?number=320105007-261122-MZ004-000001&code=ABCDEFGH")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert "Zhang San" not in answer.text


@pytest.mark.parametrize("path", ["/", "/idp/interaction/x", "/api/v1/status?number=1&code=1"])
async def test_without_its_state_store_everything_is_503(
    one: House, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: object) -> None:
        raise StateStoreUnavailable

    for name in ("get", "take", "count"):
        monkeypatch.setattr(MemoryStateStore, name, away)
    one.client.cookies.set(one.portal.cookies.session, "a" * 43)
    assert (await one.client.get(path)).status_code == 503


async def test_a_body_without_a_length_is_413_too(one: House) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"number="
        for _ in range(600):
            yield b"x" * 1024

    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await one.client.post("/status", content=parts(), headers=headers)).status_code == 413
