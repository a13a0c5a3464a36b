"""How long the pages a clerk looks at most take to come, on the embedded default, signed in, one after another."""

from time import perf_counter

from tests.bench.table import middle_and_tail, ms, show
from tests.servers.installation import Installation
from tests.servers.visitor import Visitor

REACH_SECONDS = 0.050
_WARM_UPS = 20
_TIMES = 200
PAGES = {
    "home": "/",
    "matter search, Chinese": "/matters?q=低保",
    "matter search, initials": "/matters?q=zdsh",
    "guide page": "/matters/01-minimum-living-guarantee",
    "my cases": "/cases",
    "status page": "/status",
}


def measure(installation: Installation, backend: str) -> bool:
    """Print the table; tell whether every median is within reach."""
    clerk = Visitor.come()
    account = installation.account("clerk")
    clerk.sign_in(installation.base_url, account["username"], account["password"])
    medians, rows = [], []
    for name, path in PAGES.items():
        seconds = [_time(clerk, installation.base_url + path) for _ in range(_WARM_UPS + _TIMES)][_WARM_UPS:]
        middle, tail = middle_and_tail(seconds)
        medians.append(middle)
        rows.append((name, ms(middle), ms(tail)))
    clerk.close()
    show(
        f"Pages on {backend}, {_TIMES} times each, ms (reach: median ≤ {ms(REACH_SECONDS)})",
        ("page", "median", "p95"),
        rows,
    )
    return all(middle <= REACH_SECONDS for middle in medians)


def _time(clerk: Visitor, address: str) -> float:
    began = perf_counter()
    status = clerk.fetch(address)
    seconds = perf_counter() - began
    if status != 200:
        raise RuntimeError(f"{address} answered {status}")
    return seconds
