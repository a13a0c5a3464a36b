"""kill -9 of database, worker, web and Redis in turn, and a cut line, while windows take applications in (long: `make faults`)."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.faults.cut_network import cutting
from tests.faults.kills import killing
from tests.faults.wires import Wires
from tests.servers.desk_person import somebody_at_the_desk
from tests.servers.parts import Parts

SECONDS = 8.0
LINE = "mz-elder"
pytestmark = [
    pytest.mark.xdist_group("full"),
    pytest.mark.timeout(600),  # starting everything and settling wait for events, however slow the machine
]
SEEDS = count(1)


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wires]:
    laid = Wires((LINE,), Path(tmp_path_factory.mktemp("wires")))
    yield laid
    laid.stop()


@pytest.fixture(scope="module")
def parts(wires: Wires) -> Iterator[Parts]:
    with ExitStack() as stack:
        started = Parts.start(full=True, wired=wires.lay)
        stack.callback(started.stop)
        stack.enter_context(somebody_at_the_desk(started.installation, "wj-reward"))
        yield started


def test_every_201_is_a_case_that_arrived_once(parts: Parts) -> None:
    killed = ("worker", "web", "redis", "database")
    row = killing(parts, killed, seconds=SECONDS, seeds=SEEDS, dice=random.Random(7))
    assert len(row.kills) >= len(killed)
    assert row.harm.accepted > 0
    assert row.harm.told(row.unclear) == [], "every answer was a 201, or said why and when to come again"


def test_over_a_line_that_is_cut_in_every_way_each_case_arrives_once(parts: Parts, wires: Wires) -> None:
    row = cutting(parts, wires, LINE, seconds=0.8, seeds=SEEDS)
    assert row.harm.accepted > 0
    assert row.harm.told(row.promised.unclear) == []
