"""Files with the form itself: picked as a person picks them, in the site's character set, with the entry or not at all."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.ledger import DeliveryState
from connectors.log_ins import ShowsPicture
from connectors.outcomes import OutcomeClass
from connectors.sample_files import with_sample_parts
from connectors.transport_ports import Errand, NeedsPerson
from connectors.trial import fresh_values
from matters.material import FileRef
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
from tests.doubles.captcha_reader import read_digits
from tests.doubles.declared import declared_systems
from tests.doubles.town import Town, town_of

THREE = {"退休证.pdf": PDF + b"\r\n--x\r\n", "退休证（背面）.jpg": JPG, "照片.png": PNG}


@pytest.fixture
async def town(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    systems = {id_: quick(system) for id_, system in declared_systems().items()}
    async with town_of(tmp_path, embedded, MemoryStateStore(), only=("wj-reward",), systems=systems) as town:
        transport = cast(ShowsPicture, town.connectors.transports["wj-reward"])
        assert not await cast(NeedsPerson, transport).is_ready()
        shown = await transport.picture()
        assert shown is not None
        assert await transport.typed(read_digits(shown.content)) == "open"
        yield town


async def taken_in(town: Town, directory: Path, files: Files) -> str:
    reward = "27-one-child-parent-reward"
    return await take_in(town, directory, files, matter=reward, situation="retiree", material="retire_proof")


async def test_the_site_has_the_bytes_and_the_entry_lists_them(town: Town, tmp_path: Path) -> None:
    number = await taken_in(town, tmp_path, THREE)
    view = await sent(town, number)
    assert [each.kind for each in view.attempts] == ["send"]
    assert named(await there(town, number)) == hashes(THREE)
    (record,) = await town.departments["wj-reward"].context.store.payloads(number)
    assert record.payload["txtFJMC"] == list(THREE)


async def test_a_lost_answer_doubles_neither_entry_nor_files(town: Town, tmp_path: Path) -> None:
    town.departments["wj-reward"].misbehave("reset_after_commit", times=1)
    number = await taken_in(town, tmp_path, THREE)
    view = await sent(town, number)
    assert [each.kind for each in view.attempts] == ["send", "probe"]
    assert named(await there(town, number)) == hashes(THREE)
    assert [line["times"] for line in town.departments["wj-reward"].received(number)] == [1]


async def test_an_examples_files_are_small_ones_of_their_type(town: Town) -> None:
    system = declared_systems()["wj-reward"]
    example = next(each for each in system.spec.examples if each.operation == "DZJL")
    operation, at = system.operation("DZJL"), datetime.now(UTC)
    values = fresh_values(example, operation, at=at, token=UUID(int=7))
    errand = Errand(system=system, operation=operation, values=values, delivery_id="trial-0")
    outcome = await town.connectors.transports["wj-reward"].send(with_sample_parts(errand))
    assert outcome.kind is OutcomeClass.ACCEPTED, outcome.message
    case = values["case"]
    assert isinstance(case, dict)
    assert [each.name for each in await there(town, str(case["number"]))] == ["退休证.jpg"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"大.pdf": b"%PDF-1.7\n" + b"z" * 5 * MEGABYTE}, "单个附件5 MB的上限"),
        ({f"{n}.pdf": b"%PDF-1.7\n" + bytes([65 + n]) * (5 * MEGABYTE - 9) for n in range(5)}, "合计25 MB"),
    ],
)
async def test_more_than_the_form_takes_goes_to_a_person_before_anything_leaves(
    town: Town, tmp_path: Path, files: Files, told: str
) -> None:
    number = await taken_in(town, tmp_path, files)
    view = await until_state(town, number, DeliveryState.INVALID)
    assert told in view.delivery.message
    assert town.departments["wj-reward"].received(number) == []


async def test_a_file_that_is_gone_keeps_the_form_from_being_posted(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_self: ObjectMaterialFiles, file: FileRef) -> bytes:
        raise FileNotFoundError(file.sha256)

    monkeypatch.setattr(ObjectMaterialFiles, "get", gone)
    number = await taken_in(town, tmp_path, {"退休证.pdf": PDF})
    view = await until_state(town, number, DeliveryState.INVALID)
    assert "在材料库中找不到了" in view.delivery.message
    assert town.departments["wj-reward"].received(number) == []
