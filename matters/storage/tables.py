"""Tables of the trade. Reading is by primary key or by one of the indexes named here; nothing is scanned."""

from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text, text

from config.storage.append_only import append_only
from config.storage.sql import Document, Moment, new_metadata

metadata = new_metadata()

guides = Table(
    "matters_guides",
    metadata,
    Column("matter_id", String(60), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("status", String(20), nullable=False),
    Column("body", Document, nullable=False),
    Column("saved_by", String(80), nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("published_by", String(80)),
    Column("effective_at", Moment),
    # The database itself refuses a second published version.
    Index(
        "uq_matters_guides_published",
        "matter_id",
        unique=True,
        sqlite_where=text("status = 'published'"),
        postgresql_where=text("status = 'published'"),
    ),
)

cases = Table(
    "matters_cases",
    metadata,
    Column("number", String(50), primary_key=True),
    Column("query_code", String(16), nullable=False),
    Column("matter_id", String(60), nullable=False),
    Column("matter_name", String(200), nullable=False),
    Column("guide_version", Integer, nullable=False),
    Column("situation", String(60), nullable=False),
    Column("status", String(30), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("form", Document, nullable=False),
    Column("applicant_name", String(200), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("region", String(12), nullable=False),
    Column("county", String(6), nullable=False),
    Column("city", String(4), nullable=False),
    Column("province", String(2), nullable=False),
    Column("responsible_region", String(12), nullable=False),
    Column("taken_in_by", String(80), nullable=False),
    Column("origin", String(40), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("accepted_at", Moment),
    Column("closed_at", Moment),
    Column("promised_value", Integer, nullable=False),
    Column("promised_unit", String(20), nullable=False),
    Column("promised_on", Date),
    Column("pauses", Document, nullable=False),
    Column("subject_key", String(64)),
    Column("revision", Integer, nullable=False),
)

# A list is a walk along one of these, newest first, so its cost is that of its page however many cases there are.
# Open cases are few among many closed ones, so their lists have an index in which they lie together; with two columns
# to match it is always the cheaper one, also to a planner that knows no statistics.
_ONLY_OPEN: dict[str, Any] = {"sqlite_where": text("is_open = 1"), "postgresql_where": text("is_open")}
for _scope in ("unit", "region", "county", "city", "province"):
    Index(f"ix_matters_cases_{_scope}", cases.c[_scope], cases.c.received_at, cases.c.number)
    Index(
        f"ix_matters_cases_{_scope}_open",
        *(cases.c[_scope], cases.c.is_open, cases.c.received_at, cases.c.number),
        postgresql_where=_ONLY_OPEN["postgresql_where"],
    )

# What awaits its applicant, looked through once a day: a handful.
Index(
    "ix_matters_cases_supplement",
    cases.c.number,
    sqlite_where=text("status = 'supplement_required'"),
    postgresql_where=text("status = 'supplement_required'"),
)

# One open case a person and matter, whoever takes it in and wherever: two windows at the same instant included.
ONE_OPEN_CASE = "uq_matters_cases_subject_open"
Index(ONE_OPEN_CASE, cases.c.subject_key, unique=True, **_ONLY_OPEN)

events = Table(
    "matters_case_events",
    metadata,
    Column("number", String(50), ForeignKey(cases.c.number), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("status", String(30), nullable=False),
    Column("previous", String(30)),
    Column("by", String(80), nullable=False),
    Column("evidence", Document),
    Column("note", Text),
)

disclosures = append_only(
    Table(
        "matters_disclosures",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("case_number", String(50), ForeignKey(cases.c.number), nullable=False, index=True),
        Column("sub", String(64), nullable=False),
        Column("by", String(100), nullable=False),
        Column("unit", String(80), nullable=False),
        Column("reason", String(200), nullable=False),
        Column("at", Moment, nullable=False),
    )
)

materials = Table(
    "matters_case_materials",
    metadata,
    Column("number", String(50), ForeignKey(cases.c.number), primary_key=True),
    Column("material", String(60), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("originals", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("source", String(200)),
    Column("reference", String(200)),
    Column("at", Moment),
    Column("files", Document, nullable=False),
)

sequences = Table(
    "matters_case_sequences",
    metadata,
    Column("scope", String(40), primary_key=True),
    Column("last", Integer, nullable=False),
)

drafts = Table(
    "matters_drafts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("matter_id", String(60), nullable=False),
    Column("guide_version", Integer, nullable=False),
    Column("situation", String(60), nullable=False),
    Column("form", Document, nullable=False),
    Column("materials", Document, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_matters_drafts_owner", "owner", "updated_at"),
)
