"""`python -m tests.bench [part …]`: starts what it needs, measures, prints tables; ends with 1 when out of reach.

Parts: pages, sign-on, start, bad-input, sign-in-timing, in-process, account-import, delivery, channel-delay, backlog. Without a name all of them.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from config import logs
from tests.bench import (
    account_import,
    backlog,
    bad_input,
    channel_delay,
    delivery,
    in_process,
    owners_pages,
    pages,
    sign_in_timing,
    sign_on,
    start,
)
from tests.servers.installation import Installation
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey


def measure_pages() -> bool:
    """Measure pages on both ways to run; that of what clerks look at most is for the embedded default."""
    with _embedded() as installation:
        good = pages.measure(installation, "embedded default: SQLite and memory")
    with _full() as installation:
        pages.measure(installation, "PostgreSQL and Redis")
    return owners_pages.measure() and good


PARTS: Final[dict[str, Callable[[], bool]]] = {
    "pages": measure_pages,
    "sign-on": sign_on.measure,
    "start": start.measure,
    "bad-input": bad_input.measure,
    "sign-in-timing": sign_in_timing.measure,
    "in-process": in_process.measure,
    "account-import": account_import.measure,
    "delivery": delivery.measure,
    "channel-delay": channel_delay.measure,
    "backlog": backlog.measure,
}


def main(wanted: list[str]) -> int:
    """Measure the parts named, or all."""
    if unknown := set(wanted) - set(PARTS):
        sys.stderr.write(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}\n")
        return 2
    logs.configure(level="warning", form="json")
    outcomes = [PARTS[part]() for part in wanted or PARTS]  # every part is measured, whatever one says
    return 0 if all(outcomes) else 1


@contextmanager
def _embedded() -> Iterator[Installation]:
    installation = Installation.start()
    try:
        yield installation
    finally:
        installation.stop()


@contextmanager
def _full() -> Iterator[Installation]:
    postgres, valkey = Postgres.start(), Valkey.start()
    try:
        installation = Installation.start(database_url=postgres.new_database(), redis_url=valkey.url)
        try:
            yield installation
        finally:
            installation.stop()
    finally:
        valkey.stop()
        postgres.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
