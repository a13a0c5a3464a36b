"""A secret that is there and is not what it should be: said by its name, nothing sent, nothing taken for sent."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from connectors.errors import SecretMissing
from connectors.national_crypto import new_key_pair, sm4_key
from connectors.outcomes import OutcomeClass
from connectors.secrets_dir import SecretsDirectory, SecretsInMemory, read_believed, read_secret
from connectors.transport_kinds import TRANSPORTS
from connectors.transport_ports import Errand, Surroundings, Transport
from connectors.transports.files.area import FileArea
from connectors.transports.rest_json import RestJsonTransport
from demo.ground.secrets import make_secrets
from tests.doubles.declared import declared_systems
from tests.doubles.departments import MATTERS, OneWindow, application
from tests.doubles.notes import NotesInMemory

NOWHERE = "http://127.0.0.1:9"
WEDNESDAY = datetime(2026, 3, 18, 3, tzinfo=UTC)
SYSTEMS = declared_systems()
RUBBISH: Mapping[str, bytes] = {
    "gjj-core.database": b"\xff\xfe",
    "mz-benefit.sm4": b"not hexadecimal",
    "rs-employment.client-secret": b"\xff\xfe",
    "rs-resident-pension.sm2-private": b"half a PEM",
    "tax-ssf.sm2-private": b"half a PEM",
    "wj-birth.token": b"\xff\xfe",
    "yb-core.token": b"\xff\xfe",
    "yb-core.sm4": b"0011",
    "yb-core.sm2-private": b"half a PEM",
}
LINES = {"exchange_table": "sqlite:////nowhere/x.db", "message_queue": "redis://127.0.0.1:9/0"}


def errand_of(system_id: str, transport: Transport) -> Errand:
    matter = min((m for m in MATTERS.values() if m.target.system == system_id), key=lambda m: m.id)
    here = OneWindow(system=SYSTEMS[system_id], transport=transport)
    return here.errand(application(matter.id, matter.guide.situations[0].id))


@pytest.mark.parametrize("name", RUBBISH)
async def test_a_secret_that_can_not_be_read_stops_the_message_and_is_named(name: str, tmp_path: Path) -> None:
    make_secrets(tmp_path)
    (tmp_path / name).write_bytes(RUBBISH[name])
    system = SYSTEMS[name.partition(".")[0]]
    surroundings = Surroundings(
        address=NOWHERE,
        line=LINES.get(system.transport, ""),
        secrets=SecretsDirectory(tmp_path),
        clock=lambda: WEDNESDAY,
        notes=NotesInMemory(),
    )
    transport = TRANSPORTS[system.transport].make(system, surroundings)
    try:
        with pytest.raises(SecretMissing, match=name) as refused:
            await transport.send(errand_of(system.id, transport))
    finally:
        await transport.aclose()
    assert "rubbish" not in str(refused.value)


@pytest.mark.parametrize("name", ["rs-card.sftp-key", "rs-card.sftp-host-key"])
async def test_a_key_of_a_file_area_that_can_not_be_read_is_named(name: str, tmp_path: Path) -> None:
    make_secrets(tmp_path)
    (tmp_path / name).write_bytes(b"ssh-rubbish AAAA")
    spec = SYSTEMS["rs-card"].spec.file_batch
    assert spec is not None
    area = FileArea("sftp://127.0.0.1:9/x", spec, SecretsDirectory(tmp_path), connect_seconds=1, total_seconds=1)
    with pytest.raises(SecretMissing, match=name):
        await area.read("in", "ZK.ok", most_bytes=1)


async def test_an_answer_whose_key_is_gone_is_no_case_that_was_never_sent(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    secrets, system = SecretsDirectory(tmp_path), SYSTEMS["yb-core"]
    asked = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        (tmp_path / "yb-core.sm2-department-public").unlink()
        return httpx2.Response(200, json={"code": 0, "data": {"encData": "AAAA", "signData": "AAAA"}})

    transport = RestJsonTransport(
        system, base_url=NOWHERE, secrets=secrets, clock=lambda: WEDNESDAY, transport=httpx2.MockTransport(answers)
    )
    try:
        outcome = await transport.send(errand_of("yb-core", transport))
    finally:
        await transport.aclose()
    assert len(asked) == 1
    assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "envelope")


def test_half_of_a_coming_key_does_not_shut_out_the_one_in_use() -> None:
    _, public = new_key_pair()
    secrets = SecretsInMemory({"k": b"0123456789abcdef" * 2, "k.next": b"0123", "broken": b"x", "p": public})
    assert read_believed(secrets, "k", sm4_key) == (bytes.fromhex("0123456789abcdef" * 2),)
    with pytest.raises(SecretMissing, match="broken"):
        read_believed(secrets, "broken", sm4_key)
    with pytest.raises(SecretMissing, match="p"):
        read_secret(secrets, "p", sm4_key)
