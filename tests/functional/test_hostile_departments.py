"""Hostile departments on every transport at once: nothing lost, nothing doubled (all modes: `make faults`)."""

from pathlib import Path

import pytest

from demo.faults.switch import Fault
from tests.conftest import Backend
from tests.faults.hostile import endure
from tests.servers.valkey import Valkey

MODES = {
    # One way to run has one half of the worst ways to fail, the other the other; `make faults` has all of them on both.
    "embedded": (Fault.RESET_AFTER_COMMIT, Fault.WRONG_CHARSET, Fault.HALF_FILE, Fault.ENDLESS),
    "full": (Fault.RESET_BEFORE_COMMIT, Fault.ERROR_INSIDE, Fault.TWICE, Fault.OUT_OF_ORDER),
}


@pytest.mark.parametrize("cases", [2])
async def test_whatever_they_do_each_case_arrives_once_or_is_on_a_desk(
    backend: Backend, tmp_path: Path, cases: int
) -> None:
    broker = Valkey.start()  # of its own: the suite's is the state store here
    try:
        rows = await endure(backend.engine, backend.state, tmp_path, broker, cases=cases, modes=MODES[backend.name])
    finally:
        broker.stop()
    assert {row.transport for row in rows} >= {
        "rest_json", "soap", "exchange_table", "file_batch", "message_queue", "form_post", "manual",
    }  # fmt: skip
    assert [row for row in rows if row.lost or row.doubled or row.unsettled] == []
    by_mode = {(row.transport, row.mode): row for row in rows}
    if backend.name == "full":
        # Nobody can be asked there and nothing came of it: a person finds out, and nothing is sent again by itself.
        assert by_mode["rest_json, never asked", "reset_before_commit"].desk == cases
    else:
        assert by_mode["rest_json", "endless"].unknown == cases
