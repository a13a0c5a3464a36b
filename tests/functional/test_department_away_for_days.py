"""A department that is away for days while cases go on coming, on a simulated clock (the long one: `make faults`)."""

from pathlib import Path

from tests.conftest import Backend
from tests.faults.ten_days import endure


async def test_nothing_is_lost_doubled_given_up_or_put_on_a_desk(backend: Backend, tmp_path: Path) -> None:
    harm = await endure(backend.engine, backend.state, tmp_path, cases=20, days=2)
    assert harm.cases == 20
    assert harm.is_none, harm
    # Breaker and backoff leave it in peace: about one look an hour once it is known to be away.
    assert harm.attempts < 120
