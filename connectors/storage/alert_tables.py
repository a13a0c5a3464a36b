"""Incidents, the alerts told of them, and who has read which. In the same metadata as the ledger."""

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, text

from config.storage.sql import Moment
from connectors.storage.tables import metadata

_NOT_CLOSED = text("closed_at IS NULL")

incidents = Table(
    "connectors_incidents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("system", String(41), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("detail", String(200), nullable=False),
    Column("count", Integer, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("cleared_at", Moment),
    Column("closed_at", Moment),
    Column("returns", Integer, nullable=False),
    # Whichever worker is first opens it; for the others it is open already.
    Index(
        "uq_connectors_incidents_open",
        "system",
        "kind",
        "subject",
        unique=True,
        sqlite_where=_NOT_CLOSED,
        postgresql_where=_NOT_CLOSED,
    ),
)

alerts = Table(
    "connectors_alerts",
    metadata,
    Column("incident_id", ForeignKey(incidents.c.id), nullable=False),
    Column("event", String(8), nullable=False),  # opened or closed: two alerts at most, by this key
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("incident_id", "event"),
    Index("ix_connectors_alerts_at", "at"),
)

alert_reads = Table(
    "connectors_alert_reads",
    metadata,
    Column("sub", String(255), nullable=False),
    Column("incident_id", String(36), nullable=False),
    Column("event", String(8), nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("sub", "incident_id", "event"),
)
