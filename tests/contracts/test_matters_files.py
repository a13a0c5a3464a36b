"""Uploaded files on a local store: kept by content, checked by content, there after the call."""

import hashlib
import os
from pathlib import Path

import pytest
from obstore.store import S3Store

from config.storage.outages import Outage, outage_of
from matters.errors import FileRefused
from matters.material import LARGEST_FILE_BYTES
from matters.storage.material_files import ObjectMaterialFiles, open_store
from tests.servers.small_disk import small_disk

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def kept_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.fixture
def files(tmp_path: Path) -> ObjectMaterialFiles:
    return ObjectMaterialFiles(open_store((tmp_path / "materials 材料").as_uri()))


async def test_a_file_comes_back_byte_for_byte(files: ObjectMaterialFiles, tmp_path: Path) -> None:
    file = await files.put("C:\\扫描\\收入证明.PDF", PDF)
    assert (file.name, file.media_type, file.size_bytes) == ("收入证明.PDF", "application/pdf", len(PDF))
    assert file.sha256 == hashlib.sha256(PDF).hexdigest()
    assert await files.get(file) == PDF
    assert [path.read_bytes() for path in kept_in(tmp_path)] == [PDF]


async def test_the_same_content_is_kept_once(files: ObjectMaterialFiles, tmp_path: Path) -> None:
    first, second = await files.put("a.pdf", PDF), await files.put("b.pdf", PDF)
    assert first.sha256 == second.sha256
    assert len(kept_in(tmp_path)) == 1


async def test_what_is_refused_is_not_kept(files: ObjectMaterialFiles, tmp_path: Path) -> None:
    for name, content, reason in (
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"%PDF-" + b"0" * LARGEST_FILE_BYTES, "too_large"),
        ("a.png", PDF, "kind_differs"),
        ("a.pdf", b"MZ\x90\x00 not a document", "kind_unknown"),
    ):
        with pytest.raises(FileRefused) as refused:
            await files.put(name, content)
        assert refused.value.reason == reason
    assert not kept_in(tmp_path)


async def test_a_file_that_is_not_there_is_said_to_be_missing(files: ObjectMaterialFiles, tmp_path: Path) -> None:
    file = await files.put("a.pdf", PDF)
    for path in kept_in(tmp_path):
        path.unlink()
    with pytest.raises(FileNotFoundError):
        await files.get(file)


async def test_a_full_disk_is_told_as_one_and_leaves_nothing_half_kept() -> None:
    large = PDF + b"%" + b"0" * 300_000
    with small_disk(2) as disk:
        directory = disk.directory / "materials"
        files = ObjectMaterialFiles(open_store(directory.as_uri()))
        before = await files.put("before.pdf", PDF)
        disk.fill([os.getpid()])
        try:
            with pytest.raises(OSError, match=r"No space|too large") as refused:
                await files.put("large.pdf", large)
        finally:
            disk.free([os.getpid()])
        assert outage_of(refused.value) is Outage.FULL
        assert [path.name for path in kept_in(directory)] == [before.sha256]
        after = await files.put("large.pdf", large)
        assert await files.get(after) == large


async def test_a_store_that_does_not_answer_is_away() -> None:
    store = S3Store(
        "bucket", endpoint="http://127.0.0.1:9", access_key_id="a", secret_access_key="b",
        client_options={"allow_http": True}, retry_config={"max_retries": 0},
    )  # fmt: skip
    with pytest.raises(ConnectionError) as refused:
        await ObjectMaterialFiles(store).put("a.pdf", PDF)
    assert outage_of(refused.value) is Outage.AWAY


@pytest.mark.parametrize("url", ["/var/materials", "http://127.0.0.1/x", "ftp://host/x"])
def test_other_places_are_refused_at_start(url: str) -> None:
    with pytest.raises(ValueError, match="materials_url"):
        open_store(url)
