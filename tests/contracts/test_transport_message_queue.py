"""The message queue against a real broker: each outcome, at least once, in any order, never lost, never believed unproven."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from connectors.engine import CantTell, Found, NotFound
from connectors.outcomes import OutcomeClass
from demo.ground.secrets import read_from
from demo.tax_ssf.messages import signed
from tests.doubles.benches import changed_spec, transport_for
from tests.doubles.departments import OneWindow, application, department, number_of, onewindow
from tests.servers.tax_broker import open_accounts
from tests.servers.valkey import Valkey

MATTER = ("30-payment-certificate", "standard")


@pytest.fixture
def line(valkey: Valkey, tmp_path: Path) -> str:
    return open_accounts(valkey, tmp_path / "secrets")


@asynccontextmanager
async def ours(
    tmp_path: Path, line: str, address: str = "http://127.0.0.1:9", **changes: Any
) -> AsyncIterator[OneWindow]:
    """Open OneWindow's end of the broker, without a tax office at the other one."""
    system = changed_spec("tax-ssf", tmp_path, connection={"total_timeout_seconds": 2}, **changes)
    transport = transport_for(system, tmp_path, address=address, line=line)
    async with OneWindow(system=system, transport=transport) as here:
        yield here


async def say(
    tmp_path: Path, line: str, status: str, *, msg_id: str, key: str = "department-private", **body: object
) -> None:
    header = {"msgId": msg_id, "corrId": "1", "outNo": "320105007-261122-TAX030-000001", "time": "20261122100000000"}
    secret = read_from(tmp_path / "secrets")(f"tax-ssf.sm2-{key}")
    async with Redis.from_url(line) as redis:
        await redis.xadd("ssf.resp", {"message": signed(header, {"jgdm": status, **body}, secret)})


async def test_what_the_broker_has_is_pending(tmp_path: Path, line: str) -> None:
    async with ours(tmp_path, line) as here:
        outcome = await here.send(here.errand(application(*MATTER)))
    assert outcome.kind is OutcomeClass.PENDING


async def test_a_broker_that_is_away_is_transient(tmp_path: Path, line: str) -> None:
    async with ours(tmp_path, "redis://127.0.0.1:9") as here:
        outcome = await here.send(here.errand(application(*MATTER)))
        assert await here.transport.fetch() == []
    assert (outcome.kind, outcome.error) == (OutcomeClass.TRANSIENT, "connect")


async def test_a_wrong_password_is_an_auth_fault(tmp_path: Path, line: str) -> None:
    (tmp_path / "secrets" / "tax-ssf.channel").write_text("wrong")
    async with ours(tmp_path, line) as here:
        outcome = await here.send(here.errand(application(*MATTER)))
    assert outcome.kind is OutcomeClass.AUTH


async def test_a_line_lost_after_the_message_is_unknown(tmp_path: Path) -> None:
    """The broker takes PING and hangs up in XADD: the message may be in."""

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if b"XADD" in data:
                break
            writer.write(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n" * data.count(b"*"))
        writer.close()

    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with ours(tmp_path, f"redis://127.0.0.1:{port}?protocol=2") as here:
            outcome = await here.send(here.errand(application(*MATTER)))
    assert outcome.kind is OutcomeClass.UNKNOWN
    assert outcome.error in {"connection_lost", "timeout"}


async def test_a_response_comes_again_until_it_is_confirmed(tmp_path: Path, line: str) -> None:
    queue = {"take_over_seconds": 0.1}
    await say(tmp_path, line, "SUCCESS", msg_id="m-1", yzpzhm="320")
    async with ours(tmp_path, line, message_queue=queue) as dying:
        (event,) = await dying.transport.fetch()
        assert (event.event_id, event.department_number, event.status) == ("m-1", "320", "SUCCESS")
    await asyncio.sleep(0.2)
    async with ours(tmp_path, line, message_queue=queue) as here:
        (again,) = await here.transport.fetch()
        assert again.event_id == "m-1"
        await here.transport.confirm()
        await asyncio.sleep(0.2)
        assert await here.transport.fetch() == []


async def test_twice_and_out_of_order_are_events_with_their_own_ids(tmp_path: Path, line: str) -> None:
    for msg_id, status in (("m-2", "SUCCESS"), ("m-1", "PROCESSING"), ("m-2", "SUCCESS")):
        await say(tmp_path, line, status, msg_id=msg_id, yzpzhm="320")
    async with ours(tmp_path, line) as here:
        events = await here.transport.fetch()
    assert [event.event_id for event in events] == ["m-2", "m-1", "m-2"]


async def test_a_message_that_proves_nothing_is_passed_over_and_blocks_nothing(tmp_path: Path, line: str) -> None:
    await say(tmp_path, line, "SUCCESS", msg_id="forged", key="private", yzpzhm="320")
    async with Redis.from_url(line) as redis:
        for content in (b"", b"{", b'{"header": 1}', "医保".encode("gbk"), b"[" * 100_000):
            await redis.xadd("ssf.resp", {"message": content})
        await redis.xadd("ssf.resp", {"other": b"x"})
    await say(tmp_path, line, "FAIL", msg_id="m-3", yzpzhm="321")
    async with ours(tmp_path, line) as here:
        assert [event.event_id for event in await here.transport.fetch()] == ["m-3"]
        await here.transport.confirm()
        assert await here.transport.fetch() == []


def office(tmp_path: Path, line: str) -> Any:
    return department("tax-ssf", tmp_path, line=line)


async def answered(here: OneWindow, wanted: int) -> list[str]:
    """Return the statuses that came, once there are as many as `wanted`."""
    statuses: list[str] = []
    async with asyncio.timeout(30):
        while len(statuses) < wanted:
            statuses += [event.status for event in await here.transport.fetch()]
            await here.transport.confirm()
            await asyncio.sleep(0.02)
    return statuses


async def test_the_office_takes_a_message_once_however_often_it_comes(tmp_path: Path, line: str) -> None:
    with office(tmp_path, line) as there:
        async with onewindow(there) as here:
            errand = here.errand(application(*MATTER))
            assert isinstance(await here.transport.probe(errand), NotFound)
            for _ in range(3):
                assert (await here.send(here.fresh(errand))).kind is OutcomeClass.PENDING
            assert "PROCESSING" in await answered(here, 3)
            assert isinstance(await here.transport.probe(here.fresh(errand)), Found)
        assert [line["times"] for line in there.received(number_of(errand))] == [1]


async def test_sys_busy_is_said_and_nothing_is_kept(tmp_path: Path, line: str) -> None:
    with office(tmp_path, line) as there:
        there.misbehave("maintenance")
        async with onewindow(there) as here:
            errand = here.errand(application(*MATTER))
            await here.send(errand)
            assert await answered(here, 1) == ["SYS-BUSY"]
            assert isinstance(await here.transport.probe(here.fresh(errand)), NotFound)
            assert here.system.spec.results is not None
            assert "SYS-BUSY" in here.system.spec.results.again


async def test_the_same_payment_twice_is_paid_and_a_person_looks_it_up(tmp_path: Path, line: str) -> None:
    with office(tmp_path, line) as there:
        async with onewindow(there) as here:
            payment = application("28-resident-insurance-payment", "pension")
            await here.send(here.errand(payment))
            await here.send(here.errand(payment))
            said = await answered(here, 2)
            assert "PAID" in said
            assert here.system.spec.statuses["PAID"] == "error"


async def test_a_query_that_is_not_answered_tells_nothing(tmp_path: Path, line: str) -> None:
    async with ours(tmp_path, line) as here:
        answer = await here.transport.probe(here.errand(application(*MATTER)))
    assert isinstance(answer, CantTell)
    assert answer.outcome.kind is OutcomeClass.TRANSIENT
