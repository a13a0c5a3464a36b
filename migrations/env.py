"""Alembic's entry: runs on the connection `migrations.run` hands over, for the tables of every package."""

from alembic import context

from migrations.schema import METADATA


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=list(METADATA),
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
