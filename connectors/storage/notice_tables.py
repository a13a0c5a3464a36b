"""Tables of what goes beyond a case's own department: results, notices (回流、联动) and the events that cause some of them."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table, Text, UniqueConstraint, text

from config.storage.sql import Document, Moment
from connectors.storage.tables import metadata

results = Table(
    "connectors_results",
    metadata,
    Column("case_number", String(50), primary_key=True),
    Column("matter_id", String(80), nullable=False),
    Column("matter_name", String(200), nullable=False),
    Column("guide_version", Integer, nullable=False),
    Column("region", String(12), nullable=False),  # the township responsible for the resident
    Column("county", String(6), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("name", String(200), nullable=False),
    Column("person_key", String(64)),  # keyed hash of the identity number
    Column("born_on", Date),
    Column("decision", String(12), nullable=False),  # approved, refused, revoked
    Column("department_number", String(100), nullable=False, default=""),
    Column("items", Document, nullable=False),  # exactly the fields the guide declares, by data item
    Column("is_sensitive", Boolean, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("visible_from", Moment, nullable=False),
    Column("amended_at", Moment),
    Column("revision", Integer, nullable=False, default=1),
    Index("ix_connectors_results_region", "region", "decided_at", "case_number"),
    Index("ix_connectors_results_county", "county", "decided_at", "case_number"),
    Index("ix_connectors_results_name", "name", "region"),
    Index("ix_connectors_results_person", "person_key", "matter_id"),
    Index("ix_connectors_results_born", "born_on"),
)

notices = Table(
    "connectors_notices",
    metadata,
    Column("number", String(50), primary_key=True),  # its deliveries stand under this number in the ledger
    Column("case_number", String(50), nullable=False, default=""),
    Column("event_number", String(50), nullable=False, default=""),
    Column("receiver", String(60), nullable=False),
    Column("way", String(10), nullable=False),  # system, hand, portal, never, nobody
    Column("consumers", Document, nullable=False),  # as the guide calls them
    Column("action", String(40), nullable=False, default=""),
    Column("trigger", String(60), nullable=False),
    Column("basis", Text, nullable=False),
    Column("fields", Document, nullable=False),  # data items that were passed on
    Column("awaits_payment", Boolean, nullable=False, default=False),
    Column("is_sensitive", Boolean, nullable=False, default=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_connectors_notices_case", "case_number"),
    Index(
        "ix_connectors_notices_event",
        "event_number",
        sqlite_where=text("event_number <> ''"),
        postgresql_where=text("event_number <> ''"),
    ),
)

events = Table(
    "connectors_events",
    metadata,
    Column("number", String(50), primary_key=True),
    Column("fanout", String(60), nullable=False),
    Column("source", String(150), nullable=False),  # what reported it: a case number, or a system with its event id
    Column("case_number", String(50), nullable=False, default=""),
    Column("person_key", String(64), nullable=False),
    Column("cycle", Integer, nullable=False),  # how often the same was undone before
    Column("name", String(200), nullable=False, default=""),
    Column("region", String(12), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("content", Document, nullable=False),  # the fields told, by data item
    Column("state", String(12), nullable=False),  # done, open (a person confirms or undoes), confirmed, undone
    Column("happened_at", Moment, nullable=False),
    Column("decided_by", String(100), nullable=False, default=""),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False, default=""),
    # However often the trigger repeats: one event for a person until it was undone, and one for what reported it.
    UniqueConstraint("fanout", "person_key", "cycle"),
    UniqueConstraint("fanout", "source"),
    Index("ix_connectors_events_region", "region", "state", "happened_at"),
    # For who answers for a county or more: every region's, each state in its own order.
    Index("ix_connectors_events_state", "state", "happened_at", "number"),
    Index("ix_connectors_events_case", "case_number"),
    Index("ix_connectors_events_person", "person_key"),
)
