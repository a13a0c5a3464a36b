"""The ledger's tables. Rows of attempts and inbound events are added and finished once, never changed after that."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from config.storage.sql import Document, Moment, new_metadata

metadata = new_metadata()

submissions = Table(
    "connectors_submissions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("case_number", String(50), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("content", Document, nullable=False),
    Column("sha256", String(64), nullable=False),
)

deliveries = Table(
    "connectors_deliveries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("submission_id", ForeignKey(submissions.c.id), nullable=False, index=True),
    Column("case_number", String(50), nullable=False),  # or the number of a notice
    Column("known_as", String(50), index=True),  # what the receiver knows it by, where that is not case_number
    Column("position", Integer, nullable=False),  # order within the case
    Column("system", String(41), nullable=False),
    Column("operation", String(60), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("key", String(36), nullable=False, unique=True),
    Column("sent_key", String(36)),  # the key it goes under, where that is an earlier delivery's
    Column("matter_id", String(80), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("region", String(12), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("next_attempt_at", Moment),
    Column("attempts", Integer, nullable=False, default=0),
    Column("probes", Integer, nullable=False, default=0),
    Column("last_sent_at", Moment),
    Column("hold_reason", String(12), nullable=False, default=""),
    Column("lease_owner", String(60)),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False, default=0),
    Column("department_number", String(100), nullable=False, default=""),
    Column("their_status", String(60), nullable=False, default=""),
    Column("status_at", Moment),
    Column("next_poll_at", Moment),
    Column("outcome", String(12), nullable=False, default=""),
    Column("message", Text, nullable=False, default=""),
    Column("confirmed_at", Moment),
    UniqueConstraint("case_number", "position"),
    Index("ix_connectors_deliveries_due", "system", "state", "next_attempt_at"),
    # In the order they are taken up in, and only what waits or is in hand. Working through it reads no row twice.
    Index(
        "ix_connectors_deliveries_waiting",
        "system",
        "next_attempt_at",
        "created_at",
        "operation",
        sqlite_where=text("next_attempt_at IS NOT NULL"),
        postgresql_where=text("next_attempt_at IS NOT NULL"),
    ),
    Index("ix_connectors_deliveries_number", "system", "department_number"),
    # By time, for the sums of a span: on PostgreSQL a few pages of ranges, for these rows come in their order.
    Index("ix_connectors_deliveries_created", "system", "created_at", postgresql_using="brin"),
    Index(
        "ix_connectors_deliveries_confirmed",
        "system",
        "confirmed_at",
        sqlite_where=text("confirmed_at IS NOT NULL"),
        postgresql_where=text("confirmed_at IS NOT NULL"),
    ),
    # Only what is in somebody's hands or awaits a poll: these stay small however many cases there are.
    Index(
        "ix_connectors_deliveries_leased",
        "lease_until",
        sqlite_where=text("lease_until IS NOT NULL"),
        postgresql_where=text("lease_until IS NOT NULL"),
    ),
    Index(
        "ix_connectors_deliveries_poll",
        "system",
        "next_poll_at",
        sqlite_where=text("next_poll_at IS NOT NULL"),
        postgresql_where=text("next_poll_at IS NOT NULL"),
    ),
)

attempts = Table(
    "connectors_attempts",
    metadata,
    Column("delivery_id", ForeignKey(deliveries.c.id), nullable=False),
    Column("number", Integer, nullable=False),  # the fence it was made under
    Column("system", String(41), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("worker", String(60), nullable=False),
    Column("spec_version", Integer),  # of the registration it was made under
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("outcome", String(12)),
    Column("http_status", Integer, nullable=False, default=0),
    Column("error", String(20), nullable=False, default=""),
    Column("message", Text, nullable=False, default=""),
    Column("duration_ms", Integer),
    PrimaryKeyConstraint("delivery_id", "number"),
    Index("ix_connectors_attempts_system", "system", "started_at"),
)

inbound = Table(
    "connectors_inbound",
    metadata,
    Column("system", String(41), nullable=False),
    Column("event_id", String(100), nullable=False),
    Column("source", String(10), nullable=False),
    Column("our_number", String(50), nullable=False, default=""),
    Column("department_number", String(100), nullable=False, default=""),
    Column("status", String(60), nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("occurred_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("facts", Document, nullable=False),
    Column("delivery_id", String(36)),
    Column("applied_at", Moment),
    Column("was_stale", Boolean, nullable=False, default=False),
    PrimaryKeyConstraint("system", "event_id"),
    Index("ix_connectors_inbound_received", "system", "received_at", postgresql_using="brin"),
    Index("ix_connectors_inbound_our_number", "system", "our_number"),
    Index("ix_connectors_inbound_department_number", "system", "department_number"),
    Index(
        "ix_connectors_inbound_waiting",
        "received_at",
        sqlite_where=text("applied_at IS NULL"),
        postgresql_where=text("applied_at IS NULL"),
    ),
)

desk_tasks = Table(
    "connectors_desk_tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("delivery_id", ForeignKey(deliveries.c.id), nullable=False, index=True),
    Column("system", String(41), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("region", String(12), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_by", String(100), nullable=False, default=""),
    Column("result", String(24), nullable=False, default=""),
    Index("ix_connectors_desk_tasks_open", "unit", "closed_at", "due_at"),
    Index("ix_connectors_desk_tasks_system", "system", "closed_at", "reason", "due_at"),
)

breakers = Table(
    "connectors_breakers",
    metadata,
    Column("system", String(41), primary_key=True),
    Column("faults", Integer, nullable=False, default=0),
    Column("trips", Integer, nullable=False, default=0),
    Column("open_until", Moment),
    Column("probing_until", Moment),
    Column("last_error", String(40), nullable=False, default=""),
    Column("changed_at", Moment, nullable=False),
)

holds = Table(
    "connectors_holds",
    metadata,
    Column("system", String(41), nullable=False),
    Column("operation", String(60), nullable=False),  # empty: all of them
    Column("reason", String(12), nullable=False),
    Column("until", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    PrimaryKeyConstraint("system", "operation", "reason"),
)

idempotency = Table(
    "connectors_idempotency",
    metadata,
    Column("actor", String(200), nullable=False),
    Column("key", String(200), nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("case_number", String(50), nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("actor", "key"),
)

notes = Table(
    "connectors_notes",
    metadata,
    Column("system", String(41), nullable=False),
    Column("name", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
    PrimaryKeyConstraint("system", "name"),
)

reconciliations = Table(
    "connectors_reconciliations",
    metadata,
    Column("system", String(41), nullable=False),
    Column("day", Date, nullable=False),
    Column("owner", String(60), nullable=False),
    Column("held_until", Moment, nullable=False),
    Column("compared_at", Moment),  # empty while a worker has it in hand
    Column("ours", Integer, nullable=False, default=0),
    Column("theirs", Integer, nullable=False, default=0),
    Column("ours_sha256", String(64), nullable=False, default=""),
    Column("theirs_sha256", String(64), nullable=False, default=""),
    Column("differences", Document, nullable=False, default=list),
    PrimaryKeyConstraint("system", "day"),
)

repair_notes = Table(
    "connectors_repair_notes",  # what a person found out about a line of the repair list
    metadata,
    Column("system", String(41), nullable=False),
    Column("day", Date, nullable=False),
    Column("our_number", String(50), nullable=False),
    Column("note", Text, nullable=False),
    Column("by", String(100), nullable=False),
    Column("who", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("system", "day", "our_number"),
)

batches = Table(
    "connectors_batches",
    metadata,
    Column("system", String(41), nullable=False),
    Column("day", Date, nullable=False),  # the department's
    Column("number", Integer, nullable=False),
    Column("reserved_at", Moment, nullable=False),
    Column("placed_at", Moment),
    Column("answered_at", Moment),
    PrimaryKeyConstraint("system", "day", "number"),
    # What is still to be placed, or awaits its receipt: small however many batches there were.
    Index(
        "ix_connectors_batches_open",
        "system",
        "placed_at",
        sqlite_where=text("answered_at IS NULL"),
        postgresql_where=text("answered_at IS NULL"),
    ),
)

batch_rows = Table(
    "connectors_batch_rows",
    metadata,
    Column("system", String(41), nullable=False),
    Column("delivery_key", String(36), nullable=False),
    Column("day", Date, nullable=False),
    Column("number", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("case_number", String(50), nullable=False),
    Column("line", Text, nullable=False),
    PrimaryKeyConstraint("system", "delivery_key"),
    UniqueConstraint("system", "day", "number", "position"),
)
