"""kill -9 of database, worker, web and Redis in turn while windows take applications in (long: `make faults`)."""

import random
from collections.abc import Iterator
from itertools import count

import pytest

from tests.faults.kills import killing
from tests.servers.desk_person import somebody_at_the_desk
from tests.servers.parts import Parts

SECONDS = 8.0


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    started = Parts.start(full=True)
    with somebody_at_the_desk(started.installation, "wj-reward"):
        yield started
    started.stop()


@pytest.mark.timeout(600)  # starting everything and settling wait for events, however slow the machine
def test_every_201_is_a_case_that_arrived_once(parts: Parts) -> None:
    killed = ("worker", "web", "redis", "database")
    row = killing(parts, killed, seconds=SECONDS, seeds=count(1), dice=random.Random(7))
    assert row.harm.accepted > 0
    assert (row.harm.lost, row.harm.doubled, row.harm.half_kept, row.harm.unsettled) == ([], [], 0, 0)
    assert row.unclear == [], "every answer was a 201, or said why and when to come again"
