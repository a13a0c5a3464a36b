"""Guide versions on SQLite and PostgreSQL: seeded once, published in one step, never changed after."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from matters.errors import GuideImmutable, IllegalTransition, UnknownMatter
from matters.guide import Matter, load_matters, parse_matter
from matters.guide_version import GuideStatus
from matters.storage.guides import SqlGuideStore
from matters.storage.tables import metadata
from tests.doubles.prepared import with_tables

CONFIG = Path(__file__).parents[2] / "config"
AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
ID = "04-temporary-assistance"


@pytest.fixture(scope="module")
def shipped() -> tuple[Matter, ...]:
    return load_matters(CONFIG / "matters", CONFIG / "matters-ext")


@pytest.fixture
async def store(engine: AsyncEngine, shipped: tuple[Matter, ...]) -> SqlGuideStore:
    await with_tables(engine, metadata)
    store = SqlGuideStore(engine)
    assert await store.seed(shipped, at=AT) == 32
    return store


def renamed(matter: Matter, name: str) -> Matter:
    return parse_matter({**matter.document(), "name": name}, "test")


async def publish(store: SqlGuideStore, version: int) -> None:
    for step in (GuideStatus.COUNTY_REVIEW, GuideStatus.DEPARTMENT_REVIEW, GuideStatus.PUBLISHED):
        await store.move(ID, version, step, by="approver", at=AT)


async def test_the_shipped_matters_are_version_one_published_and_unchanged(
    store: SqlGuideStore, shipped: tuple[Matter, ...]
) -> None:
    assert await store.published() == shipped
    (version,) = await store.versions(ID)
    assert (version.version, version.status, version.effective_at) == (1, GuideStatus.PUBLISHED, AT)


async def test_seeding_again_adds_and_changes_nothing(store: SqlGuideStore, shipped: tuple[Matter, ...]) -> None:
    changed = [renamed(matter, "改名") for matter in shipped]
    assert await store.seed(changed, at=AT) == 0
    assert await store.published() == shipped


async def test_processes_that_start_together_seed_once(engine: AsyncEngine, shipped: tuple[Matter, ...]) -> None:
    await with_tables(engine, metadata)
    added = await asyncio.gather(*(SqlGuideStore(engine).seed(shipped, at=AT) for _ in range(3)))
    assert sum(added) == 32


async def test_publishing_supersedes_the_version_before(store: SqlGuideStore) -> None:
    first = await store.load(ID, 1)
    version = await store.save(renamed(first, "临时救助（新）"), version=None, by="editor", at=AT)
    assert version == 2
    assert {matter.name for matter in await store.published() if matter.id == ID} == {"临时救助"}
    await publish(store, 2)
    (now,) = [matter for matter in await store.published() if matter.id == ID]
    assert (now.name, now.guide.basic_info.version) == ("临时救助（新）", 2)
    assert await store.load(ID, 1) == first
    assert [each.status for each in await store.versions(ID)] == [GuideStatus.PUBLISHED, GuideStatus.SUPERSEDED]


async def test_only_a_draft_can_be_written(store: SqlGuideStore) -> None:
    first = await store.load(ID, 1)
    with pytest.raises(GuideImmutable):
        await store.save(renamed(first, "x"), version=1, by="editor", at=AT)
    await store.save(first, version=None, by="editor", at=AT)
    assert await store.save(renamed(first, "草稿"), version=2, by="editor", at=AT) == 2
    await store.move(ID, 2, GuideStatus.COUNTY_REVIEW, by="editor", at=AT)
    with pytest.raises(GuideImmutable):
        await store.save(renamed(first, "y"), version=2, by="editor", at=AT)
    assert (await store.load(ID, 2)).name == "草稿"


async def test_a_review_may_send_it_back_and_no_step_is_skipped(store: SqlGuideStore) -> None:
    await store.save(await store.load(ID, 1), version=None, by="editor", at=AT)
    with pytest.raises(IllegalTransition):
        await store.move(ID, 2, GuideStatus.PUBLISHED, by="approver", at=AT)
    await store.move(ID, 2, GuideStatus.COUNTY_REVIEW, by="editor", at=AT)
    await store.move(ID, 2, GuideStatus.DRAFT, by="approver", at=AT)
    assert (await store.versions(ID))[0].status is GuideStatus.DRAFT


async def test_of_two_versions_published_at_once_one_is_in_force(store: SqlGuideStore) -> None:
    first = await store.load(ID, 1)
    for version in (2, 3):
        await store.save(first, version=None, by="editor", at=AT)
        await store.move(ID, version, GuideStatus.COUNTY_REVIEW, by="editor", at=AT)
        await store.move(ID, version, GuideStatus.DEPARTMENT_REVIEW, by="editor", at=AT)
    await asyncio.gather(
        *(store.move(ID, version, GuideStatus.PUBLISHED, by="a", at=AT) for version in (2, 3)), return_exceptions=True
    )
    statuses = [each.status for each in await store.versions(ID)]
    assert statuses.count(GuideStatus.PUBLISHED) == 1


async def test_an_unknown_version_is_said_to_be_unknown(store: SqlGuideStore) -> None:
    for look in (
        store.load(ID, 9),
        store.load("nothing", 1),
        store.move("nothing", 1, GuideStatus.DRAFT, by="x", at=AT),
    ):
        with pytest.raises(UnknownMatter):
            await look


async def test_what_is_kept_is_known_so_that_its_files_need_not_be_read(store: SqlGuideStore) -> None:
    known = await store.known()
    assert len(known) == 32
    assert load_matters(CONFIG / "matters", CONFIG / "matters-ext", but=known) == ()
    assert [m.id for m in load_matters(CONFIG / "matters", but=known - {ID})] == [ID]
