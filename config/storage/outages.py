"""Whether a fault means that the database is away or full: then nothing is wrong with the request, and it may come again."""

import errno
from enum import StrEnum
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

_FULL_STATES: Final = frozenset({"53100", "53200", "53000"})
"""PostgreSQL's insufficient resources: disk full, out of memory, any (appendix A, class 53)."""
_AWAY_CLASSES: Final = ("08", "57P", "53300", "25006")
"""Connection exception, operator intervention (shutting down, starting, crashed), too many connections, read only."""
_FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE_FULL: Final = "SQLITE_FULL"
_SQLITE_AWAY: Final = ("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")


class Outage(StrEnum):
    AWAY = "away"  # it does not answer, or not in time
    FULL = "full"  # it has no room: reading goes on, keeping does not


def outage_of(error: BaseException) -> Outage | None:
    """Return what `error` says of the database's health; None when it is about something else.

    A connection lost in a commit is `AWAY` too: it may have been kept, so only the same request may be sent again.
    """
    if isinstance(error, NoConnectionFree):
        return Outage.AWAY
    if isinstance(error, OSError):
        return _of_system(error)
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state:
        if state in _FULL_STATES:
            return Outage.FULL
        return Outage.AWAY if state.startswith(_AWAY_CLASSES) else None
    name = str(getattr(error.orig, "sqlite_errorname", None) or "")
    if name:
        return _of_sqlite(name, error.orig)
    # asyncpg's own faults on a line that broke have no state.
    is_line = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError | InternalError)
    return Outage.AWAY if is_line else None


def _of_system(error: OSError) -> Outage | None:
    if error.errno in _FULL_ERRNOS:
        return Outage.FULL
    # A refused, reset or timed-out connection, or a socket that is not there: a missing file would be named.
    no_socket = isinstance(error, FileNotFoundError) and error.filename is None
    return Outage.AWAY if no_socket or isinstance(error, ConnectionError | TimeoutError) else None


def _of_sqlite(name: str, error: BaseException) -> Outage | None:
    if name == _SQLITE_FULL:
        return Outage.FULL
    return Outage.AWAY if name.startswith(_SQLITE_AWAY) else None
