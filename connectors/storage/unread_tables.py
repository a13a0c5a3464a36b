"""Answers nobody could make sense of: the beginning of each, bounded per system."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from config.storage.sql import Moment
from connectors.storage.tables import metadata

unread_answers = Table(
    "connectors_unread_answers",
    metadata,
    Column("system", String(41), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("where", String(10), nullable=False),
    Column("error", String(20), nullable=False),
    Column("http_status", Integer, nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("name", String(100), nullable=False),
    Column("text", Text, nullable=False),
    Column("delivery_id", String(36), nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    PrimaryKeyConstraint("system", "digest"),
    Index("ix_connectors_unread_answers_last", "system", "last_at"),
)
