"""How a report of a department is read, whichever way it comes: expressions over one message, row or line (`body`)."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from connectors.spec_auth import Part


class ReportSpec(Part):
    """What a report says of a case: which one, which event, which status."""

    event_id: str
    our_number: str | None = None
    department_number: str | None = None
    status: str
    message: str | None = None
    occurred_at: str | None = None
    facts: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if not (self.our_number or self.department_number):
            raise ValueError("our_number or department_number: one of them is needed to know which case is meant")
        return self


class AnnouncementSpec(Part):
    """What they tell us of a person by themselves, about no case of ours: where `when` (CEL) holds, `items` are read.

    `kind` is the `announcement` a fan-out waits for, `region` the person's township.
    """

    when: str
    kind: str = Field(pattern=r"^[a-z][a-z_]{1,30}$")
    event_id: str
    region: str
    items: Mapping[str, str]


class ResultsSpec(ReportSpec):
    """A channel that brings the results of many cases at once (a topic, a table, a receipt file, a list page)."""

    every_seconds: float = Field(default=30.0, ge=0.05, le=86_400)
    again: tuple[str, ...] = ()
    """Statuses that mean: not taken now. The delivery is sent again later; they dedupe by its key."""
