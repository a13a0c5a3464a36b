"""What becomes of a shipped spec: version 1 at first, the next one after an upgrade, a draft where owners have their own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.registration import Origin, Registration, RegistrationState
from connectors.shipping import Shipping, shipped, shipping

S = RegistrationState
AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
SYSTEMS = Path(__file__).parents[3] / "config/systems"


def version(number: int, state: S, sha256: str, origin: Origin = "shipped") -> Registration:
    return Registration(
        system="mz-elder", version=number, state=state, sha256=sha256, origin=origin, created_at=AT, state_at=AT
    )


@pytest.mark.parametrize(
    ("known", "becomes"),
    [
        ([], Shipping.LIVE),
        ([version(1, S.LIVE, "new")], Shipping.KNOWN),
        ([version(1, S.LIVE, "old")], Shipping.LIVE),
        # An upgrade taken back: what was shipped last is not what is shipped now.
        ([version(2, S.LIVE, "newer"), version(1, S.SUPERSEDED, "new")], Shipping.LIVE),
        ([version(2, S.LIVE, "own", "person"), version(1, S.SUPERSEDED, "old")], Shipping.DRAFT),
        ([version(2, S.LIVE, "own", "person"), version(1, S.SUPERSEDED, "new")], Shipping.KNOWN),
        ([version(2, S.LIVE, "new", "person"), version(1, S.SUPERSEDED, "old")], Shipping.KNOWN),
        ([version(2, S.DRAFT, "own", "person"), version(1, S.LIVE, "old")], Shipping.DRAFT),
        ([version(2, S.WITHDRAWN, "own", "person"), version(1, S.LIVE, "old")], Shipping.LIVE),
        ([version(1, S.DRAINING, "old")], Shipping.DRAFT),
        ([version(1, S.RETIRED, "old")], Shipping.DRAFT),
        ([version(1, S.RETIRED, "new")], Shipping.KNOWN),
        # Offered once as a draft, it is not offered again at every start.
        ([version(3, S.DRAFT, "new"), version(2, S.LIVE, "own", "person")], Shipping.KNOWN),
    ],
)
def test_what_becomes_of_a_file(known: Sequence[Registration], becomes: Shipping) -> None:
    assert shipping(known, "new") is becomes


def test_every_spec_is_shipped_with_its_contract() -> None:
    files = {each.registration.system: each for each in shipped(SYSTEMS, at=AT)}
    assert set(files) == {file.stem for file in SYSTEMS.glob("*.yaml")}
    assert files["mz-assist"].contract == (SYSTEMS / "wsdl/mz-assist.wsdl").read_bytes()
    assert files["mz-elder"].contract is None
    assert files["mz-elder"].text == (SYSTEMS / "mz-elder.yaml").read_text("utf-8")
