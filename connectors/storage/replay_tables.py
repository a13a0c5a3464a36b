"""Replays: who sent which deliveries anew, and why. Rows are added and never changed. In the same metadata as the ledger."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from config.storage.sql import Document, Moment
from connectors.storage.tables import deliveries, metadata

replays = Table(
    "connectors_replays",
    metadata,
    Column("id", String(36), primary_key=True),  # the page's: a second click finds the first's row
    Column("system", String(41), nullable=False),
    Column("by", String(255), nullable=False),
    Column("who", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("appended", Integer, nullable=False),
    Column("left_out", Document, nullable=False),
    Index("ix_connectors_replays_system", "system", "at"),
)

replayed = Table(
    "connectors_replayed",
    metadata,
    # By the old delivery: it is replaced once. The new one may be replaced in its turn.
    Column("delivery_id", ForeignKey(deliveries.c.id), primary_key=True),
    Column("new_id", String(36), nullable=False, unique=True),
    Column("replay_id", ForeignKey(replays.c.id), nullable=False, index=True),
    Column("was_state", String(16), nullable=False),
    Column("way", String(10), nullable=False),
)
