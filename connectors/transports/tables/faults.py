"""What went wrong at the department's database, in the words of `body.result`. Pure.

The stage decides what is known. Before anything was written nothing can have arrived. An answer of the server that the
statement failed is certain too. A connection that broke after writing began proves nothing: `connection_lost`, and it
is looked up before anything is written again.
"""

from typing import Final, Literal

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connectors.outcomes import Answer

Stage = Literal["connecting", "reading", "writing", "committing"]

_MYSQL: Final = {
    1044: "denied", 1045: "denied", 1698: "denied", 1142: "forbidden", 1143: "forbidden",
    1040: "crowded", 1203: "crowded", 1226: "crowded",
    1205: "busy", 1213: "busy", 1290: "busy", 1836: "busy", 1969: "busy", 3024: "busy",
    1021: "full", 1114: "full", 1049: "missing", 1054: "missing", 1146: "missing",
    1264: "unfit", 1265: "unfit", 1292: "unfit", 1364: "unfit", 1366: "unfit", 1406: "unfit", 1048: "unfit",
    1062: "clash", 1644: "refused",
}  # fmt: skip
_SQLSTATE: Final = {
    "28000": "denied", "28P01": "denied", "42501": "forbidden", "53300": "crowded",
    "55P03": "busy", "40001": "busy", "40P01": "busy", "57014": "busy", "57P03": "busy", "25006": "busy",
    "53100": "full", "42P01": "missing", "42703": "missing", "3D000": "missing",
    "22001": "unfit", "22003": "unfit", "22P02": "unfit", "22P05": "unfit", "22021": "unfit", "23502": "unfit",
    "23505": "clash", "P0001": "refused", "23514": "refused",
}  # fmt: skip
_SQLITE: Final = {
    "SQLITE_BUSY": "busy", "SQLITE_LOCKED": "busy", "SQLITE_FULL": "full", "SQLITE_READONLY": "forbidden",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "clash", "SQLITE_CONSTRAINT_UNIQUE": "clash", "SQLITE_CONSTRAINT_NOTNULL": "unfit",
    "SQLITE_CONSTRAINT_TRIGGER": "refused", "SQLITE_CONSTRAINT_CHECK": "refused",
}  # fmt: skip
# MySQL's client numbers of a line that is gone, PostgreSQL's class 08 and its shutdowns.
_GONE_MYSQL: Final = frozenset({"2002", "2003", "2006", "2013", "2055"})
_GONE_SQLSTATE: Final = frozenset({"57P01", "57P02"})


def answer_of(error: BaseException, stage: Stage) -> Answer:
    """Return the answer an exception stands for."""
    if isinstance(error, TimeoutError):
        return Answer(error="connect" if stage in ("connecting", "reading") else "timeout")
    if isinstance(error, DBAPIError) and not _is_gone(error):
        word, code = word_of(error)
        if word:
            return said(word, code=code, message=_words(error) if word == "refused" else "")
        if stage in ("connecting", "reading"):
            return Answer(error="connect")
        # The server answered that it did not do it; what it means by it, nobody has told us yet.
        return said("failed", code=code)
    return Answer(error="connect" if stage in ("connecting", "reading") else "connection_lost")


def said(result: str, **more: object) -> Answer:
    """Return an answer in the words of exchange tables: `body.result`, with what belongs to it."""
    return Answer(body={"result": result, **more})


def word_of(error: DBAPIError) -> tuple[str, str]:
    """Return what a server's error means, and its code; an empty word for one nobody has listed."""
    orig = error.orig
    sqlite = getattr(orig, "sqlite_errorname", "")
    if sqlite:
        is_missing = sqlite == "SQLITE_ERROR" and "no such" in str(orig)
        return ("missing" if is_missing else _SQLITE.get(sqlite, "")), sqlite
    # MySQL's own number says more than the SQLSTATE beside it.
    number = next(iter(getattr(orig, "args", ())), None)
    if isinstance(number, int):
        return _MYSQL.get(number, ""), str(number)
    state = str(getattr(orig, "sqlstate", "") or getattr(orig, "pgcode", "") or "")
    return _SQLSTATE.get(state, ""), state


def is_clash(error: SQLAlchemyError) -> bool:
    """Tell whether the table refused a second row under one key."""
    return isinstance(error, DBAPIError) and word_of(error)[0] == "clash"


def _is_gone(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    _, code = word_of(error)
    return code in _GONE_SQLSTATE or code.startswith("08") or code in _GONE_MYSQL


def _words(error: DBAPIError) -> str:
    """Return a trigger's own sentence, which its author wrote for people."""
    args = getattr(error.orig, "args", ())
    text = str(args[-1]) if args else ""
    # asyncpg's adapter puts the class in front.
    return text.rpartition(">: ")[2].splitlines()[0][:300] if text else ""
