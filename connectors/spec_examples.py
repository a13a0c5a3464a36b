"""The `examples` section of a spec: what is sent for a case, and what each answer of the department means.

They are the contract in examples. Offline they prove the mapping and the rules; at the department's test address they
show whether the department still answers as agreed (`connectors.examples`).
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from connectors.outcomes import OutcomeClass, StatusWord
from connectors.spec_auth import Part


class ExampleAnswerSpec(Part):
    """An answer as the department gives it, and what it has to mean."""

    status: int = Field(default=200, ge=0, le=599)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = None
    error: str = ""
    kind: OutcomeClass = Field(alias="class")
    department_number: str | None = None


class ExampleReportSpec(Part):
    """What the department tells later, as it comes: a callback, a message, row or line of `results`, or the answer to a
    poll; and the state it has to mean. Without `means` it is a status nobody translated, which has to be flagged.
    """

    by: Literal["callback", "results", "poll"]
    status: int = Field(default=200, ge=0, le=599)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = None
    means: StatusWord | None = None


class ExampleSpec(Part):
    """A case, made of values as a mapping reads them (`form`, `case`, `applicant`, …); what is not said is empty.

    `once`: they take this person once, and refuse while that case is in flight; a refusal as agreed is then no drift.
    `sends` holds the fields the message must have at least (of a message of rows, its first rows); `answers` may be empty, and the first is the one expected
    at the test address. `tells` are what may come afterwards.
    """

    name: str = Field(min_length=1, max_length=100)
    operation: str
    given: Mapping[str, Any]
    sends: Mapping[str, Any] | list[Mapping[str, Any]] = Field(default_factory=dict)
    answers: tuple[ExampleAnswerSpec, ...] = ()
    tells: tuple[ExampleReportSpec, ...] = ()
    once: bool = False
