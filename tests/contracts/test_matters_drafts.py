"""Drafts on SQLite and PostgreSQL: their owner's, never overwritten unseen."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from matters.errors import DraftConflict, DraftUnknown
from matters.material import FileRef, MaterialProof, ProofKind
from matters.ports import Draft
from matters.storage.drafts import SqlDraftStore, delete_draft
from matters.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@pytest.fixture
async def store(engine: AsyncEngine) -> SqlDraftStore:
    await with_tables(engine, metadata)
    return SqlDraftStore(engine)


def draft(draft_id: str = "d1", owner: str = "clerk-1", **changes: object) -> Draft:
    file = FileRef(sha256="ab" * 32, name="证明.pdf", media_type="application/pdf", size_bytes=9)
    proof = MaterialProof(material="bank_card", kind=ProofKind.FILE, files=(file,), at=AT)
    made = Draft(
        id=draft_id, owner=owner, unit="u", matter_id="04-temporary-assistance", guide_version=1, situation="emergency",
        values={"applicant_name": "half typ", "household_size": "两个"}, materials=(proof,), created_at=AT, updated_at=AT,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_a_draft_comes_back_as_it_was_typed(store: SqlDraftStore) -> None:
    await store.create(draft())
    assert await store.load("d1", "clerk-1") == draft()


async def test_a_draft_is_its_owners_alone(store: SqlDraftStore) -> None:
    await store.create(draft())
    for look in (store.load("d1", "clerk-2"), store.load("d2", "clerk-1"), store.save(draft(owner="clerk-2"))):
        with pytest.raises(DraftUnknown):
            await look
    await store.delete("d1", "clerk-2")
    assert await store.load("d1", "clerk-1") == draft()


async def test_saving_goes_on_from_what_was_read(store: SqlDraftStore) -> None:
    await store.create(draft())
    saved = await store.save(draft(values={"applicant_name": "甲"}, updated_at=AT + timedelta(seconds=2)))
    assert saved.revision == 2
    assert await store.load("d1", "clerk-1") == saved
    with pytest.raises(DraftConflict):
        await store.save(draft(values={"applicant_name": "乙"}))
    assert await store.load("d1", "clerk-1") == saved


async def test_of_two_tabs_that_save_at_once_one_is_told(store: SqlDraftStore) -> None:
    await store.create(draft())
    results = await asyncio.gather(
        *(store.save(draft(values={"applicant_name": str(n)})) for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, Draft) for result in results) == 1
    assert sum(isinstance(result, DraftConflict) for result in results) == 3


async def test_an_owners_drafts_come_last_changed_first(store: SqlDraftStore) -> None:
    for n in range(4):
        await store.create(draft(f"d{n}", updated_at=AT + timedelta(minutes=n)))
    await store.create(draft("other", owner="clerk-2"))
    assert [each.id for each in await store.of_owner("clerk-1")] == ["d3", "d2", "d1", "d0"]
    first = await store.of_owner("clerk-1", most=2)
    assert [each.id for each in first] == ["d3", "d2"]
    rest = await store.of_owner("clerk-1", most=2, after=first.after)
    assert ([each.id for each in rest], rest.after) == (["d1", "d0"], None)


async def test_a_draft_goes_in_the_transaction_that_keeps_its_case(engine: AsyncEngine, store: SqlDraftStore) -> None:
    await store.create(draft())

    async def fail_halfway() -> None:
        async with engine.begin() as connection:
            await delete_draft(connection, "d1", "clerk-1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_halfway()
    assert await store.load("d1", "clerk-1")
    async with engine.begin() as connection:
        await delete_draft(connection, "d1", "clerk-1")
        await delete_draft(connection, "d1", "clerk-1")
    with pytest.raises(DraftUnknown):
        await store.load("d1", "clerk-1")


async def test_a_draft_never_shows_its_values_when_printed() -> None:
    assert "half typ" not in repr(draft())
