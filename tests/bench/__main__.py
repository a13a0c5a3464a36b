"""`python -m tests.bench`: starts OneWindow, measures, prints tables; ends with 1 when a figure is out of reach."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import in_process, pages, sign_on
from tests.servers.installation import Installation
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey


def main() -> int:
    """Measure both ways to run."""
    with _embedded() as installation:
        good = pages.measure(installation, "embedded default: SQLite and memory")
        sign_on.measure(installation, "embedded default: SQLite and memory")
    with _full() as installation:
        pages.measure(installation, "PostgreSQL and Redis")
        sign_on.measure(installation, "PostgreSQL and Redis")
    in_process.measure()
    return 0 if good else 1


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
    sys.exit(main())
