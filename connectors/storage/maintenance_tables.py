"""Maintenance windows an owner set in the pages. A window is never changed, only ended early."""

from sqlalchemy import Column, Index, String, Table

from config.storage.sql import Moment
from connectors.storage.tables import metadata

maintenance = Table(
    "connectors_maintenance",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("system", String(41), nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),  # moved forward when it is ended early
    Column("reason", String(200), nullable=False),
    Column("set_by", String(255), nullable=False),
    Column("set_at", Moment, nullable=False),
    Column("ended_by", String(255), nullable=False, server_default=""),
    Index("ix_connectors_maintenance_ends", "ends_at"),
)
