"""Files by REST: announced, put where the department says, named by the application; never anywhere else."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import utc_now
from config.storage.memory_state import MemoryStateStore
from connectors.errors import MappingRefused
from connectors.ledger import DeliveryState
from connectors.secrets_dir import SecretsDirectory
from connectors.transports.rest_json import RestJsonTransport
from demo.scjg_food.attachments import Places
from tests.doubles.attachments import JPG, PDF, PNG, Files, hashes, named, quick, sent, take_in, there, until_state
from tests.doubles.declared import declared_systems
from tests.doubles.town import Town, town_of

THREE = {"平面图.png": PNG, "平面图.jpg": JPG, "说明.pdf": PDF}


@pytest.fixture
async def town(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    systems = {id_: quick(system) for id_, system in declared_systems().items()}
    async with town_of(tmp_path, embedded, MemoryStateStore(), only=("scjg-food",), systems=systems) as town:
        yield town


async def taken_in(town: Town, directory: Path, files: Files) -> str:
    food = "E01-food-business-licence"
    return await take_in(town, directory, files, matter=food, situation="catering", material="layout_plan")


async def test_the_storage_has_the_bytes_and_the_application_names_them(town: Town, tmp_path: Path) -> None:
    number = await taken_in(town, tmp_path, THREE)
    await sent(town, number)
    taken = await there(town, number)
    assert named(taken) == hashes(THREE)
    (record,) = await town.departments["scjg-food"].context.store.payloads(number)
    listed = record.payload["files"]
    assert isinstance(listed, list)
    assert [row["fileId"] for row in listed] == [each.reference for each in taken]
    assert {row["code"] for row in listed} == {"layout_plan"}


async def test_a_busy_storage_gets_each_file_once_and_the_department_one_case(town: Town, tmp_path: Path) -> None:
    town.departments["scjg-food"].misbehave("http_500", times=3)
    number = await taken_in(town, tmp_path, THREE)
    view = await sent(town, number)
    assert named(await there(town, number)) == hashes(THREE)
    assert [each.kind for each in view.attempts] == ["upload", "upload", "upload", "send"]
    assert [line["times"] for line in town.departments["scjg-food"].received(number)] == [1]


async def test_a_file_put_but_not_confirmed_is_put_again_and_no_case_doubles(town: Town, tmp_path: Path) -> None:
    """The first exchange goes well; the answer to the bytes is lost after they were kept."""
    town.departments["scjg-food"].misbehave("reset_after_commit", times=2)
    number = await taken_in(town, tmp_path, {"平面图.png": PNG})
    await sent(town, number)
    assert set(named(await there(town, number))) == set(hashes({"平面图.png": PNG}))
    assert [line["times"] for line in town.departments["scjg-food"].received(number)] == [1]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://169.254.169.254/latest",
        "//169.254.169.254/latest",
        "/storage/../admin",
        "/%2e%2e/admin",
        "\\\\host\\x",
        "/x#y",
        "",
    ],
)
async def test_bytes_go_nowhere_but_below_the_departments_address(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    put: list[str] = []

    async def line(_self: Places, _context: object, token: str, _content: bytes) -> int:
        put.append(token)
        return 201

    monkeypatch.setattr(Places, "put", line)
    transport = town.connectors.transports["scjg-food"]
    assert isinstance(transport, RestJsonTransport)
    with pytest.raises(MappingRefused):
        await transport.put_file(elsewhere, PDF, "application/pdf")
    assert put == []


async def test_an_address_elsewhere_sends_the_case_to_a_person(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give = Places.give

    def lured(self: Places, announced: dict[str, object], **more: object) -> object:
        place = give(self, announced, **more)  # type: ignore[arg-type]
        assert not isinstance(place, str)
        object.__setattr__(place, "token", "../../admin")
        return place

    monkeypatch.setattr(Places, "give", lured)
    number = await taken_in(town, tmp_path, {"平面图.png": PNG})
    view = await until_state(town, number, DeliveryState.INVALID)
    assert "不在该部门的地址之下" in view.delivery.message
    assert await there(town, number) == []
    assert town.departments["scjg-food"].received(number) == []


async def test_a_redirected_upload_is_not_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(307, headers={"location": "http://169.254.169.254/latest"})

    transport = RestJsonTransport(
        declared_systems()["scjg-food"],
        base_url="http://food.example",
        secrets=SecretsDirectory(tmp_path),
        clock=utc_now,
        transport=httpx2.MockTransport(answer),
    )
    told = await transport.put_file("/storage/x", PDF, "application/pdf")
    await transport.aclose()
    assert told.error == "redirect"
    assert asked == ["http://food.example/storage/x"]
