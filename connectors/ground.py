"""What everything inside one worker shares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.clock import Clock
from connectors.availability import HolidayOn
from connectors.engine import BreakerState
from connectors.gate import Gate, gate
from connectors.lease_bounds import LeaseBounds
from connectors.live_transports import Uses
from connectors.maintenance import Window, no_windows
from connectors.ports import Breakers, Ledger
from connectors.system import System
from connectors.uploading import Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`owner` names this worker in leases; `offset` is how far the departments' clock runs ahead; `windows` gives a
    system's maintenance windows; `uses` knows which transports are in hand, `bounds` for how long what is under way may
    go on; `uploads` hands files over; `jitter` and `nonce` come from outside, so that tests are the same every time.
    """

    ledger: Ledger
    breakers: Breakers
    clock: Clock
    holiday_on: HolidayOn
    offset: timedelta
    owner: str
    lease: timedelta
    base_url: str
    jitter: Callable[[], float]
    nonce: Callable[[], str]
    windows: Callable[[str], Sequence[Window]] = no_windows
    uses: Uses = field(default_factory=Uses)
    bounds: LeaseBounds = field(default_factory=LeaseBounds)
    uploads: Uploads | None = None

    def stands(self, system: System, breaker: BreakerState, *, at: datetime) -> Gate:
        """Return whether `system` is spoken to at `at`: its hours, its maintenance windows, its breaker."""
        return gate(
            system,
            breaker,
            at=at,
            offset=self.offset,
            holiday_on=self.holiday_on,
            windows=self.windows(system.id),
        )

    def callback_url(self, system: str) -> str:
        """Return where a department may call us."""
        return f"{self.base_url}/callbacks/{system}"
