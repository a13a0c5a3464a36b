"""What a transport remembers of its system: written only over the version that was read."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.ports import Notes
from connectors.storage.notes import SqlNotes
from migrations.run import upgrade

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
async def notes(engine: AsyncEngine) -> Notes:
    await upgrade(engine)
    return SqlNotes(engine)


async def test_a_note_never_written_is_empty_and_has_version_0(notes: Notes) -> None:
    assert (await notes.read("mz-assist", "session")).version == 0


async def test_a_note_is_kept_per_system_and_name(notes: Notes) -> None:
    assert await notes.write("mz-assist", "session", "一", expected=0, at=AT)
    assert await notes.write("rs-card", "session", "二", expected=0, at=AT)
    assert (await notes.read("mz-assist", "session")).text == "一"
    assert (await notes.read("rs-card", "session")).text == "二"
    assert (await notes.read("mz-assist", "other")).text == ""


async def test_of_two_writers_over_one_version_only_one_writes(notes: Notes) -> None:
    assert await notes.write("rs-card", "batch", "1", expected=0, at=AT)
    assert not await notes.write("rs-card", "batch", "1", expected=0, at=AT)
    assert await notes.write("rs-card", "batch", "2", expected=1, at=AT)
    assert not await notes.write("rs-card", "batch", "9", expected=1, at=AT)
    note = await notes.read("rs-card", "batch")
    assert (note.text, note.version) == ("2", 2)
