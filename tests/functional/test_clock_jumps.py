"""The machine's clock jumps by hours while deliveries are on their way: nothing lost, doubled, or promised anew."""

from pathlib import Path

from tests.conftest import Backend
from tests.faults.clock_jump import endure


async def test_each_case_arrives_once_whatever_the_clock_says(backend: Backend, tmp_path: Path) -> None:
    harm = await endure(backend.engine, backend.state, tmp_path, cases=16)
    assert harm.is_none, harm
