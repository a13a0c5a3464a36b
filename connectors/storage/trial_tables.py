"""Trials of the contract examples and what each came to. In the same metadata as the ledger."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, text

from config.storage.sql import Document, Moment
from connectors.storage.tables import metadata

_OPEN = text("finished_at IS NULL")

trials = Table(
    "connectors_trials",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("system", String(41), nullable=False),
    Column("day", Date),  # of a nightly one
    Column("by", String(255), nullable=False, default=""),
    Column("who", String(200), nullable=False, default=""),
    Column("asked_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("owner", String(60), nullable=False, default=""),
    Column("held_until", Moment),
    Column("version", String(100), nullable=False, default=""),
    Column("total", Integer, nullable=False, default=0),
    # A night is tried once; NULL days differ from each other on every database.
    Index("uq_connectors_trials_night", "system", "day", unique=True),
    # Asked twice it is tried once.
    Index("uq_connectors_trials_open", "system", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_connectors_trials_system", "system", "asked_at"),
)

trial_results = Table(
    "connectors_trial_results",
    metadata,
    Column("trial_id", ForeignKey(trials.c.id), nullable=False),
    Column("position", Integer, nullable=False),
    Column("example", String(100), nullable=False),
    Column("operation", String(60), nullable=False),
    Column("state", String(10), nullable=False),
    Column("expected", String(12), nullable=False),
    Column("found", String(12), nullable=False),
    Column("http_status", Integer, nullable=False),
    Column("error", String(20), nullable=False),
    Column("differences", Document, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("trial_id", "position"),
)
