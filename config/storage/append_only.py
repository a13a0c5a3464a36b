"""Tables whose rows are only ever added: the database itself refuses to change or delete one.

A trigger stops a mistake and a careless hand, not the database's owner, who can drop it; what must be seen even then
has a chain of its own (`idp.protocol.audit`).
"""

from typing import Any

from sqlalchemy import Connection, Table, event


def statements(table: str, dialect: str) -> tuple[str, ...]:
    """Return the DDL that closes `table` to UPDATE, DELETE and (PostgreSQL) TRUNCATE."""
    if dialect == "postgresql":
        return (
            "CREATE OR REPLACE FUNCTION onewindow_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'rows of this table are only ever added'; END $$",
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION onewindow_append_only()",
        )
    return tuple(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'rows of this table are only ever added'); END"
        for verb in ("UPDATE", "DELETE")
    )


def is_append_only(table: Table) -> bool:
    """Tell whether a table was marked by `append_only`; revisions ask when they create it."""
    return bool(table.info.get("append_only"))


def append_only(table: Table) -> Table:
    """Mark a table, so that creating it closes it too; return it."""
    table.info["append_only"] = True

    @event.listens_for(table, "after_create")
    def close(_target: Table, connection: Connection, **_options: Any) -> None:
        for statement in statements(table.name, connection.dialect.name):
            connection.exec_driver_sql(statement)

    return table
