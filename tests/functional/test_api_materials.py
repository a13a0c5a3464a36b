"""Files of materials: kept when they are what they say, refused with a reason when not."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from tests.doubles.api_house import UNIT_B, House, house

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    + b"\0" * 40
)
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\0" * 40 + b"\xff\xd9"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with house(embedded, MemoryStateStore(), tmp_path) as opened:
        yield opened


@pytest.fixture
async def address(one: House) -> str:
    answer = await one.submit(await one.bearer(), one.application())
    return f"/api/v1/cases/{answer.json()['number']}/materials"


async def put(one: House, address: str, content: bytes, media_type: str, **headers: str) -> httpx2.Response:
    return await one.client.put(
        address, content=content, headers={**await one.bearer(), "content-type": media_type, **headers}
    )


def kind(answer: httpx2.Response) -> str:
    assert answer.json()["detail"]
    return str(answer.json()["type"]).rsplit("/", 1)[1]


@pytest.mark.parametrize(("content", "media_type"), [(PNG, "image/png"), (JPG, "image/jpeg"), (PDF, "application/pdf")])
async def test_a_file_that_is_what_it_says_is_kept(one: House, address: str, content: bytes, media_type: str) -> None:
    first = await put(one, f"{address}/id_card", content, media_type)
    assert first.status_code == 201, first.text
    assert first.json()["sha256"] == sha256(content).hexdigest()
    assert first.json()["media_type"] == media_type
    again = await put(one, f"{address}/id_card", content, media_type)
    assert again.status_code == 200
    (proof,) = [p for p in await one.api.cases.materials(first.json()["number"]) if p.material == "id_card"]
    assert [file.sha256 for file in proof.files] == [sha256(content).hexdigest()]
    assert await one.api.files.get(proof.files[0]) == content


@pytest.mark.parametrize(
    ("content", "media_type", "headers", "expected"),
    [
        (PNG, "application/pdf", {}, (422, "invalid-file")),
        (b"MZ\x90\x00" * 30, "image/png", {}, (422, "invalid-file")),
        (b"<svg onload=alert(1)>", "image/png", {}, (422, "invalid-file")),
        (b"", "image/png", {}, (422, "invalid-file")),
        (PNG, "image/png", {"content-disposition": 'attachment; filename="a.pdf"'}, (422, "invalid-file")),
        (PNG, "image/png", {"content-disposition": 'attachment; filename="a.exe"'}, (422, "invalid-file")),
        (PNG, "image/svg+xml", {}, (415, "unsupported-media-type")),
        (PNG, "", {}, (415, "unsupported-media-type")),
        (PNG + b"\0" * (10 * 1024 * 1024), "image/png", {}, (413, "too-large")),
    ],
)
async def test_a_file_that_is_not_what_it_says_is_refused(
    one: House, address: str, content: bytes, media_type: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = await put(one, f"{address}/id_card", content, media_type, **headers)
    if answer.headers["content-type"].startswith("text/plain"):  # the shell refused before the API was asked
        assert answer.status_code == expected[0] == 413
        return
    assert (answer.status_code, kind(answer)) == expected


async def test_a_name_in_chinese_is_kept(one: House, address: str) -> None:
    disposition = "attachment; filename*=UTF-8''%E8%BA%AB%E4%BB%BD%E8%AF%81.png"
    answer = await put(one, f"{address}/id_card", PNG, "image/png", **{"content-disposition": disposition})
    assert answer.status_code == 201
    proofs = await one.api.cases.materials(answer.json()["number"])
    assert "身份证.png" in {file.name for proof in proofs for file in proof.files}


@pytest.mark.parametrize("material", ["horoscope", "..%2f..%2fkey", "%00"])
async def test_a_material_the_guide_does_not_have_is_404(one: House, address: str, material: str) -> None:
    answer = await put(one, f"{address}/{material}", PNG, "image/png")
    assert (answer.status_code, kind(answer)) == (404, "not-found")


async def test_another_unit_adds_nothing(one: House, address: str) -> None:
    other = await one.bearer("other-api", **UNIT_B)
    answer = await one.client.put(f"{address}/id_card", content=PNG, headers={**other, "content-type": "image/png"})
    assert (answer.status_code, kind(answer)) == (404, "not-found")


async def test_a_case_that_is_over_takes_no_more(one: House, address: str) -> None:
    await one.client.post(address.replace("/materials", "/withdraw"), json={"reason": "x"}, headers=await one.bearer())
    answer = await put(one, f"{address}/id_card", PNG, "image/png")
    assert (answer.status_code, kind(answer)) == (409, "case-state")


async def test_a_material_takes_so_many_files_and_no_more(one: House, address: str) -> None:
    statuses = [
        (await put(one, f"{address}/id_card", PDF + b"%" * n, "application/pdf")).status_code for n in range(11)
    ]
    assert statuses == [201, *[200] * 9, 422]


@pytest.mark.parametrize("charset", ["undefined", "idna", "unicode_escape", "no-such"])
async def test_a_file_name_in_an_odd_charset_does_no_harm(one: House, address: str, charset: str) -> None:
    disposition = f"attachment; filename*={charset}''a%5Cud800.pdf"
    headers = {"content-disposition": disposition}
    assert (await put(one, f"{address}/id_card", PDF, "application/pdf", **headers)).status_code == 201
