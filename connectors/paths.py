"""What a mapping may read: the first word of a path, and what may follow it.

None as the second part means "any word": `form` has the fields of the matter's own form (checked against the guide by
`connectors.coverage`), `body` is whatever the department answers.
"""

from collections.abc import Mapping
from typing import Final

Roots = Mapping[str, frozenset[str] | None]

CASE: Final = frozenset(
    {
        "number", "matter", "matter_name", "matter_code", "situation", "situation_name", "guide_version",
        "received_at", "accepted_at", "due_on", "region", "unit", "unit_name",
    }
)  # fmt: skip
APPLICANT: Final = frozenset({"name", "id_number", "id_type", "phone", "address", "region", "kind"})
CLERK: Final = frozenset({"name", "sub", "unit", "unit_name"})
DELIVERY: Final = frozenset({"id", "key", "serial", "attempt", "created_at"})

NOTICE: Final = frozenset(
    {
        "number", "kind", "status", "action", "revision", "case", "matter", "matter_name", "decided_at",
        "trigger", "consumers", "basis", "region", "unit", "changed", "reason",
    }
)  # fmt: skip

REQUEST_ROOTS: Final[Roots] = {
    "form": None,
    "item": None,  # of a notice (回流、联动): the fields passed on, by data item: item.person.name
    "notice": NOTICE,
    "case": CASE,
    "applicant": APPLICANT,
    "clerk": CLERK,
    "delivery": DELIVERY,  # id and key (a UUID) and serial (20 digits) stay the same over all attempts of one delivery
    "materials": frozenset(),  # a list for $each: row.id, row.name, row.kind, row.copies, row.files, row.file_count
    "attachments": frozenset(),  # a list for $each, one row per file: see connectors.attachments
    "department": frozenset({"number"}),  # their number, once we have it: for probe, poll and withdrawal
    "operation": frozenset(),  # the operation's name, e.g. ZLJ_APPLY
    "reason": frozenset(),  # why the applicant withdraws; empty elsewhere
    "callback_url": frozenset(),
    "now": frozenset(),  # the moment of this attempt
    "session": frozenset(),  # of transports that log in: what the department gave us
    "nonce": frozenset(),  # 32 hexadecimal digits, new for each attempt
}
"""Of a request to the department: submit, probe, poll, withdraw."""

FILE: Final = frozenset({"content", "name", "media_type", "bytes", "sha256", "material", "material_name", "position"})
FILE_ROOTS: Final[Roots] = {**REQUEST_ROOTS, "file": FILE}
"""Of the request that hands one file over; `file.content` is its bytes in base64."""

EACH_ROOTS: Final[Roots] = {"row": None, "position": frozenset()}
"""Inside `$each`, beside what can be read around it: the row and its position, from 1."""

ANSWER_ROOTS: Final[Roots] = {
    "status": frozenset(),  # HTTP status, 0 when there was no answer
    "headers": None,  # names in small letters
    "body": None,  # opened and decrypted
    "envelope": None,  # the JSON document as it came, where the body is sealed inside
    "error": frozenset(),  # "" or one of connectors.outcomes.ERRORS
}
"""Of a department's answer or callback."""

ASKED_ROOTS: Final[Roots] = {name: frozenset() for name in ("asked", "now", "nonce", "session")}
"""Of one question about many cases: `asked` is a list for $each: row.number, row.department_number."""

LIST_ROOTS: Final[Roots] = {name: frozenset() for name in ("day", "page", "now", "nonce", "session")}
"""Of the request for one day's list."""

LIST_ROW_ROOTS: Final[Roots] = {"row": None}
"""Of one row of that list."""

ANSWER_ROW_ROOTS: Final[Roots] = {**ANSWER_ROOTS, "row": None}
"""Of one row of an answer that has a result per row."""
