"""A dry run: the message as it would leave, masked, without anything leaving. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from connectors.attachments import NOT_YET, rows_of
from connectors.errors import MappingRefused
from connectors.ledger import Delivery, DeliveryState, Submission
from connectors.redaction import Redactor
from connectors.rendering import render
from connectors.submission import values_for
from connectors.system import Operation, System

_KEY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What would be sent, masked; `refused` names the department's field that can't be filled, and why."""

    method: str
    path: str
    query: Mapping[str, object]
    headers: Mapping[str, object]
    body: object
    refused: str = ""


def dry_run(system: System, operation: Operation, values: Mapping[str, object], redactor: Redactor) -> DryRun:
    """Return the request of `operation` for `values` as its reader may see it."""
    if operation.request is None:
        return DryRun(method="", path="", query={}, headers={}, body=None, refused="a person delivers this")
    try:
        rendered = render(operation.request, values)
    except MappingRefused as refused:
        return DryRun(method="", path="", query={}, headers={}, body=None, refused=redactor.text(str(refused)))
    return DryRun(
        method=rendered.method,
        path=redactor.text(rendered.path),
        query={name: redactor.text(text) for name, text in rendered.query.items()},
        headers={name: redactor.text(text) for name, text in rendered.headers.items()},
        body=redactor.document(rendered.body),
    )


def values_of_submission(
    system: System, operation: Operation, submission: Submission, *, at: datetime
) -> dict[str, object]:
    """Return what a mapping would read for a kept submission; number and key of the delivery are made up."""
    trial = Delivery(
        id=str(_KEY), submission_id=submission.id, case_number=submission.case_number, position=0, system=system.id,
        operation=operation.name, kind="submit", key=str(_KEY), state=DeliveryState.QUEUED, created_at=at, attempts=1,
    )  # fmt: skip
    values = values_for(submission, trial, at=at, nonce="0" * 32, callback_url="(callback address)")
    return {**values, "attachments": [{**row, "ref": NOT_YET} for row in rows_of(values)]}
