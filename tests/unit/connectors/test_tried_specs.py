"""Under which version a delivery was tried, read from the steps of the registrations."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.registration import Person, RegistrationState, Step
from connectors.tried_specs import version_at

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
S = RegistrationState


def step(hour: int, version: int, before: S | None, after: S, regions: tuple[str, ...] = ()) -> Step:
    return Step(
        system="mz-elder", version=version, number=hour, from_state=before, to_state=after,
        by=Person(sub="o", name="周主管"), reason="", sha256="", regions=regions, at=BEGAN + timedelta(hours=hour),
    )  # fmt: skip


STEPS = [
    step(1, 1, None, S.LIVE),
    step(2, 2, S.APPROVED, S.CANARY, ("3201",)),
    step(4, 1, S.LIVE, S.SUPERSEDED),
    step(4, 2, S.CANARY, S.LIVE),
    step(6, 2, S.LIVE, S.DRAINING),
    step(8, 2, S.DRAINING, S.RETIRED),
]


@pytest.mark.parametrize(
    ("hour", "region", "version"),
    [
        (0, "320105007", None),
        (1, "320105007", 1),
        (3, "320105007", 2),
        (3, "320206003", 1),
        (5, "320206003", 2),
        (7, "320206003", 2),
        (9, "320206003", None),
    ],
)
def test_the_version_of_a_moment_and_a_region(hour: int, region: str, version: int | None) -> None:
    assert version_at(STEPS, BEGAN + timedelta(hours=hour), region) == version
