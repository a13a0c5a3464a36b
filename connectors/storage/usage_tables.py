"""What systems were used for, summed up: a row per system and span, in three grains."""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String, Table

from config.storage.sql import Document, Moment
from connectors.storage.tables import metadata

usage = Table(
    "connectors_usage",
    metadata,
    Column("grain", String(4), nullable=False),
    Column("system", String(41), nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("concluded", Integer, nullable=False),
    Column("outcomes", Document, nullable=False),
    Column("statuses", Document, nullable=False),
    Column("times", Document, nullable=False),
    PrimaryKeyConstraint("grain", "system", "begins_at"),
)
