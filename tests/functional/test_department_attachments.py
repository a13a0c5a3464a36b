"""Files from the window to the department: the same bytes, once, before the case that names them."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.ledger import DeliveryState, LeaseLost
from connectors.outcomes import Outcome, OutcomeClass
from connectors.transport_ports import Errand
from matters.material import FileRef
from matters.policy import Role
from matters.storage.material_files import ObjectMaterialFiles
from tests.doubles.attachments import (
    JPG,
    MEGABYTE,
    PDF,
    PNG,
    Files,
    hashes,
    named,
    quick,
    sent,
    take_in,
    there,
    until_state,
)
from tests.doubles.declared import declared_systems
from tests.doubles.departments import application as made_application
from tests.doubles.departments import department, onewindow
from tests.doubles.house import CLERK
from tests.doubles.town import Town, town_of

RELIEF = "04-temporary-assistance"
THREE = {"收入证明.pdf": PDF, "收入证明（第二页）.jpg": JPG, "大.pdf": b"%PDF-1.7\n" + b"z" * (5 * MEGABYTE - 9)}


@pytest.fixture
async def town(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    systems = {id_: quick(system) for id_, system in declared_systems().items()}
    only = ("mz-assist",)
    async with town_of(tmp_path, embedded, MemoryStateStore(), only=only, systems=systems) as town:
        yield town


async def taken_in(town: Town, directory: Path, files: Files) -> str:
    return await take_in(town, directory, files, matter=RELIEF, situation="expenditure", material="income_proof")


async def test_the_department_has_the_bytes_that_were_uploaded_at_the_window(town: Town, tmp_path: Path) -> None:
    number = await taken_in(town, tmp_path, THREE)
    await sent(town, number)
    taken = await there(town, number)
    assert named(taken) == hashes(THREE)
    (record,) = await town.departments["mz-assist"].context.store.payloads(number)
    listed = record.payload["FJQD"]
    assert isinstance(listed, dict)
    assert [row["WJM"] for row in listed["FJ"]] == list(THREE)
    assert [row["FJID"] for row in listed["FJ"]] == [f"FJ{each.row:010d}" for each in taken]


async def test_a_busy_department_gets_each_file_once_and_the_case_once(town: Town, tmp_path: Path) -> None:
    town.departments["mz-assist"].misbehave("http_500", times=2)
    number = await taken_in(town, tmp_path, THREE)
    view = await sent(town, number)
    assert named(await there(town, number)) == hashes(THREE)
    # The case itself never left while a file did not: nothing about it was ever in doubt.
    assert [(each.kind, each.outcome) for each in view.attempts] == [
        ("upload", "transient"),
        ("upload", "transient"),
        ("send", "accepted"),
    ]
    assert [line["times"] for line in town.departments["mz-assist"].received(number)] == [1]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("照片.png", PNG, "不是社会救助业务信息系统（金民工程社会救助）接收的格式（只收JPG、PDF）"),
        ("扫描.pdf", b"%PDF-1.7\n" + b"z" * 5 * MEGABYTE, "单个附件5 MB的上限"),
    ],
)
async def test_a_file_they_do_not_take_goes_to_a_person_before_anything_leaves(
    town: Town, tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    number = await taken_in(town, tmp_path, {"收入证明.pdf": PDF, name: content})
    view = await until_state(town, number, DeliveryState.INVALID)
    assert view.delivery.message.startswith("材料“")
    assert name in view.delivery.message
    assert told in view.delivery.message
    assert await there(town, number) == []
    assert town.departments["mz-assist"].received(number) == []


async def test_an_answer_to_a_file_nobody_understands_is_tried_again_and_kept_for_the_owner(
    town: Town, tmp_path: Path
) -> None:
    town.departments["mz-assist"].misbehave("garbled", times=1)
    number = await taken_in(town, tmp_path, {"收入证明.pdf": PDF})
    view = await sent(town, number)
    assert [(each.kind, each.outcome) for each in view.attempts] == [("upload", "transient"), ("send", "accepted")]
    owner = replace(CLERK, roles=frozenset({Role.OWNER, Role.ADMIN}))
    (kept,) = await town.connectors.unreads.of_system("mz-assist", actor=owner)
    assert (kept.where, kept.delivery_id) == ("upload", view.delivery.id)
    # It was kept there too, under a name nobody heard: theirs to drop. The case names the one it was told of.
    assert len(await there(town, number)) == 2
    assert [line["times"] for line in town.departments["mz-assist"].received(number)] == [1]


@pytest.mark.parametrize("has_arrived", [True, False])
async def test_a_lost_answer_to_the_case_hands_no_file_over_again(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_arrived: bool
) -> None:
    transport = town.connectors.transports["mz-assist"]
    send, lost = transport.send, []

    async def line(errand: Errand) -> Outcome:
        if lost:
            return await send(errand)
        lost.append(await send(errand) if has_arrived else None)
        return Outcome(kind=OutcomeClass.UNKNOWN, error="connection_lost")

    monkeypatch.setattr(transport, "send", line)
    number = await taken_in(town, tmp_path, THREE)
    await sent(town, number)
    assert lost
    assert named(await there(town, number)) == hashes(THREE)
    assert [line["times"] for line in town.departments["mz-assist"].received(number)] == [1]


async def test_a_worker_killed_between_file_and_case_doubles_no_case(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The references die with it: the files are handed over once more, the case goes out once."""
    transport = town.connectors.transports["mz-assist"]
    send, died = transport.send, []

    async def line(errand: Errand) -> Outcome:
        if died:
            return await send(errand)
        died.append(errand)
        await town.state.forget(*(f"attachment:{errand.delivery_id}:{sha256}" for _, sha256 in hashes(THREE)))
        raise LeaseLost(errand.delivery_id)  # as from a process that is gone: nothing is settled

    monkeypatch.setattr(transport, "send", line)
    number = await taken_in(town, tmp_path, THREE)
    await sent(town, number)
    assert named(await there(town, number)) == hashes(THREE) * 2
    assert [line["times"] for line in town.departments["mz-assist"].received(number)] == [1]


@pytest.mark.parametrize(("harm", "told"), [("replaced", "与受理时的内容不同"), ("removed", "在材料库中找不到了")])
async def test_what_is_not_what_was_handed_in_is_not_sent(
    town: Town, tmp_path: Path, harm: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(PDF).hexdigest()
    place = tmp_path / "var" / "materials" / digest[:2] / digest
    get = ObjectMaterialFiles.get

    async def harmed(self: ObjectMaterialFiles, file: FileRef) -> bytes:
        if harm == "replaced":
            place.write_bytes(b"%PDF-1.7\nanother")
        else:
            place.unlink()
        return await get(self, file)

    monkeypatch.setattr(ObjectMaterialFiles, "get", harmed)
    number = await taken_in(town, tmp_path, {"收入证明.pdf": PDF})
    view = await until_state(town, number, DeliveryState.INVALID)
    assert told in view.delivery.message
    assert await there(town, number) == []


async def test_the_department_refuses_files_it_does_not_have(tmp_path: Path) -> None:
    with department("mz-assist", tmp_path) as running:
        async with onewindow(running) as here:
            errand = here.errand(made_application(RELIEF, "expenditure"))
            row = {"ref": "FJ0000000077", "material_name": "收入证明", "name": "收入证明.pdf"}
            outcome = await here.send(here.fresh(errand, attachments=[row]))
            assert (outcome.kind, outcome.message) == (OutcomeClass.INVALID, "附件不存在：FJ0000000077")
            material = {"name": "收入证明", "kind": "file", "copies": 0, "file_count": 1}
            outcome = await here.send(here.fresh(errand, materials=[material]))
            assert (outcome.kind, outcome.message) == (OutcomeClass.INVALID, "“收入证明”应有1个附件")
            assert running.received() == []
