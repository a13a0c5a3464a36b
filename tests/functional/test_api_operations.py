"""Health, readiness, metrics, and departments calling back."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from config.state import StateStoreUnavailable
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from tests.doubles.api_house import METRICS_TOKEN, House, house


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}")
    async with house(engine, MemoryStateStore(), tmp_path) as opened:
        yield opened
    await engine.dispose()


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


@pytest.mark.parametrize("system", ["none", "wj-birth", "%2e%2e", "%00", "MZ elder"])
async def test_a_system_that_never_calls_is_404(one: House, system: str) -> None:
    answer = await one.client.post(f"/callbacks/{system}", content=b"{}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_callback_is_bounded(one: House) -> None:
    answer = await one.client.post("/callbacks/mz-elder", content=b" " * (256 * 1024 + 1))
    assert answer.status_code == 413
