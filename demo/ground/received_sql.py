"""The statements of a department's store; every one runs on the store's own thread."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS submissions (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL,
    operation TEXT NOT NULL,
    department_number TEXT NOT NULL DEFAULT '',
    request_key TEXT,
    business_key TEXT,
    payload TEXT NOT NULL,
    payload_sha256 TEXT NOT NULL,
    accepted_at REAL NOT NULL,
    first_status TEXT NOT NULL,
    status TEXT NOT NULL,
    facts TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS submissions_number ON submissions (number);
CREATE INDEX IF NOT EXISTS submissions_accepted_at ON submissions (accepted_at);
CREATE INDEX IF NOT EXISTS submissions_request_key ON submissions (request_key);
CREATE INDEX IF NOT EXISTS submissions_business_key ON submissions (business_key);
CREATE INDEX IF NOT EXISTS submissions_department_number ON submissions (department_number);
CREATE TABLE IF NOT EXISTS seen (number TEXT PRIMARY KEY, times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, used_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
    step INTEGER PRIMARY KEY AUTOINCREMENT,
    submission INTEGER NOT NULL REFERENCES submissions (row),
    due_at REAL NOT NULL,
    status TEXT NOT NULL,
    facts TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS steps_due ON steps (done, due_at);
CREATE TABLE IF NOT EXISTS files (
    file INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL,
    content BLOB NOT NULL,
    taken_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS files_number ON files (number);
CREATE TABLE IF NOT EXISTS events (
    event INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    submission INTEGER NOT NULL REFERENCES submissions (row),
    status TEXT NOT NULL,
    facts TEXT NOT NULL,
    happened_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting'
);
CREATE INDEX IF NOT EXISTS events_due ON events (state, due_at);
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open or make the file; FULL, because an answer promises that the submission survives a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(SCHEMA)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block did, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def count_seen(connection: sqlite3.Connection, number: str) -> None:
    connection.execute(
        "INSERT INTO seen (number, times) VALUES (?, 1) ON CONFLICT (number) DO UPDATE SET times = times + 1", (number,)
    )


def insert(connection: sqlite3.Connection, **values: object) -> int:
    """Write a submission and return its row; `status` is also the first status."""
    values["first_status"] = values["status"]
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    cursor = connection.execute(f"INSERT INTO submissions ({names}) VALUES ({places})", values)  # noqa: S608 - our own names
    if cursor.lastrowid is None:
        raise RuntimeError("an insert gives a row id")
    return cursor.lastrowid


def name(connection: sqlite3.Connection, row: int, department_number: str) -> None:
    connection.execute("UPDATE submissions SET department_number = ? WHERE row = ?", (department_number, row))


def plan(connection: sqlite3.Connection, row: int, due_at: float, status: str, facts: str) -> None:
    connection.execute(
        "INSERT INTO steps (submission, due_at, status, facts) VALUES (?, ?, ?, ?)", (row, due_at, status, facts)
    )


def find(connection: sqlite3.Connection, where: str, values: Sequence[object]) -> sqlite3.Row | None:
    """Return the newest submission that fits; `where` is ours, `values` are anybody's."""
    statement = f"SELECT * FROM submissions WHERE {where} ORDER BY row DESC LIMIT 1"  # noqa: S608 - see above
    found: sqlite3.Row | None = connection.execute(statement, tuple(values)).fetchone()
    return found


def latest(connection: sqlite3.Connection, limit: int) -> list[sqlite3.Row]:
    return connection.execute("SELECT * FROM submissions ORDER BY row DESC LIMIT ?", (limit,)).fetchall()


def all_of(connection: sqlite3.Connection, number: str) -> list[sqlite3.Row]:
    return connection.execute("SELECT * FROM submissions WHERE number = ? ORDER BY row", (number,)).fetchall()


def names_person(connection: sqlite3.Connection, id_number: str, statuses: Sequence[str]) -> bool:
    """Tell whether an application in one of these states names a person; notices are none."""
    marks = ",".join("?" * len(statuses))
    found = connection.execute(
        f"SELECT 1 FROM submissions WHERE status IN ({marks}) AND instr(payload, ?) > 0 "  # noqa: S608 - marks only
        "AND operation NOT GLOB 'HL_*' AND operation NOT GLOB 'LD_*' LIMIT 1",
        (*statuses, id_number),
    )
    return bool(id_number) and found.fetchone() is not None


def between(connection: sqlite3.Connection, begins: float, ends: float) -> list[sqlite3.Row]:
    """Return everything that was taken in during a span."""
    return connection.execute(
        "SELECT * FROM submissions WHERE accepted_at >= ? AND accepted_at < ? ORDER BY row", (begins, ends)
    ).fetchall()


def receipts(connection: sqlite3.Connection, number: str | None) -> list[sqlite3.Row]:
    """Return number, times, seen, first_at and the first payload's hash, a row per number with a submission on record."""
    return connection.execute(
        """
        SELECT made.number AS number, made.times AS times, COALESCE(seen.times, made.times) AS seen,
               made.first_at AS first_at, first.payload_sha256 AS payload_sha256
          FROM (SELECT number, COUNT(*) AS times, MIN(accepted_at) AS first_at, MIN(row) AS first_row
                  FROM submissions WHERE ?1 IS NULL OR number = ?1 GROUP BY number) AS made
          JOIN submissions AS first ON first.row = made.first_row
          LEFT JOIN seen ON seen.number = made.number
         ORDER BY made.number
        """,
        (number,),
    ).fetchall()


def use_nonce(connection: sqlite3.Connection, nonce: str, at: float, lasts: float) -> bool:
    connection.execute("DELETE FROM nonces WHERE used_at < ?", (at - 2 * lasts,))
    cursor = connection.execute("INSERT OR IGNORE INTO nonces (nonce, used_at) VALUES (?, ?)", (nonce, at))
    return cursor.rowcount == 1


def set_status(connection: sqlite3.Connection, row: int, status: str, facts: str) -> None:
    connection.execute("UPDATE submissions SET status = ?, facts = ? WHERE row = ?", (status, facts, row))


def take_due_steps(connection: sqlite3.Connection, at: float) -> list[sqlite3.Row]:
    """Mark what is due as done and return it, oldest first; the caller's transaction carries it out."""
    rows = connection.execute(
        "SELECT * FROM steps WHERE done = 0 AND due_at <= ? ORDER BY due_at, step", (at,)
    ).fetchall()
    connection.executemany("UPDATE steps SET done = 1 WHERE step = ?", [(row["step"],) for row in rows])
    return rows


def cancel_steps(connection: sqlite3.Connection, row: int) -> None:
    connection.execute("UPDATE steps SET done = 1 WHERE submission = ? AND done = 0", (row,))


def add_event(connection: sqlite3.Connection, **values: object) -> None:
    connection.execute(
        """
        INSERT INTO events (event_id, submission, status, facts, happened_at, due_at)
        VALUES (:event_id, :submission, :status, :facts, :happened_at, :due_at)
        """,
        values,
    )


def due_events(connection: sqlite3.Connection, at: float, limit: int) -> list[sqlite3.Row]:
    return connection.execute(
        "SELECT * FROM events WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, event LIMIT ?", (at, limit)
    ).fetchall()


def settle_event(connection: sqlite3.Connection, event: int, state: str, due_at: float) -> None:
    connection.execute(
        "UPDATE events SET state = ?, due_at = ?, attempts = attempts + 1 WHERE event = ?", (state, due_at, event)
    )


def next_step_due(connection: sqlite3.Connection) -> float | None:
    """Return when the next step is due; None when nothing is planned."""
    due: float | None = connection.execute("SELECT MIN(due_at) FROM steps WHERE done = 0").fetchone()[0]
    return due


def next_event_due(connection: sqlite3.Connection) -> float | None:
    """Return when the next message is to be sent; None when none waits."""
    due: float | None = connection.execute("SELECT MIN(due_at) FROM events WHERE state = 'waiting'").fetchone()[0]
    return due


def event_states(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    return connection.execute("SELECT * FROM events ORDER BY event").fetchall()
