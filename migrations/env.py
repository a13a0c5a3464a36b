"""Alembic's entry: runs on the connection `migrations.run` hands over, for the tables of every package."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from config.storage.sql import Moment
from migrations import append_only
from migrations.schema import METADATA


def name_own_type(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Return how a revision file writes one of our column types; False leaves it to Alembic."""
    if kind == "type" and isinstance(thing, Moment):
        return "Moment()"
    if kind == "type" and isinstance(thing, JSON):
        return "Document"
    return False


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=list(METADATA),
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=name_own_type,
        compare_type=True,
        transaction_per_migration=True,
        process_revision_directives=lambda _context, _revision, directives: append_only.close_new(directives, METADATA),
    )
    with context.begin_transaction():
        context.run_migrations()


run()
