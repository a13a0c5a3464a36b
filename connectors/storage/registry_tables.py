"""Registrations: the versions of every system's spec, and who took which step. In the same metadata as the ledger."""

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from config.storage.append_only import append_only
from config.storage.sql import Document, Moment
from connectors.storage.tables import metadata

_IN_FORCE = text("state IN ('live', 'draining')")
_CANARY = text("state = 'canary'")

registrations = Table(
    "connectors_registrations",
    metadata,
    Column("system", String(41), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("text", Text, nullable=False),  # as it was written; never changed once tested
    Column("contract", LargeBinary),  # the WSDL the text names
    Column("sha256", String(64), nullable=False),  # of the text
    Column("origin", String(8), nullable=False),
    Column("from_version", Integer),
    Column("writers", Document, nullable=False),
    Column("tested_by", String(255), nullable=False),
    Column("regions", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("state_at", Moment, nullable=False),
    PrimaryKeyConstraint("system", "version"),
    # Whatever two people do at once: one version of a system is in force, and one is tried.
    Index(
        "uq_connectors_registrations_in_force",
        "system",
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    ),
    Index("uq_connectors_registrations_canary", "system", unique=True, sqlite_where=_CANARY, postgresql_where=_CANARY),
)

steps = append_only(
    Table(
        "connectors_registration_steps",
        metadata,
        Column("system", String(41), nullable=False),
        Column("version", Integer, nullable=False),
        Column("number", Integer, nullable=False),
        Column("from_state", String(12)),
        Column("to_state", String(12), nullable=False),
        Column("by", String(255), nullable=False),  # a sub; empty: the installation itself
        Column("who", String(200), nullable=False),
        Column("reason", Text, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("regions", Document, nullable=False),
        Column("at", Moment, nullable=False),
        PrimaryKeyConstraint("system", "version", "number"),
        ForeignKeyConstraint(
            ["system", "version"],
            ["connectors_registrations.system", "connectors_registrations.version"],
            name="fk_connectors_registration_steps_version",  # the made one is longer than PostgreSQL's 63 characters
        ),
    )
)
