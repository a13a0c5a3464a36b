"""The `reconcile` section of a spec: how to ask a department what it has of one day, and how to read its list."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from connectors.spec_addresses import HeaderName, PathBelow
from connectors.spec_auth import Part


class ListRequestSpec(Part):
    """A request that lists the cases of one day; `day` is the path of the day, `page` counts from 1.

    `call` names the operation of a SOAP service. `enveloped` puts the body into the connection's envelope, which may
    then read nothing else.
    """

    method: Literal["GET", "POST"] = "GET"
    path: PathBelow = "/"
    call: str = ""
    body: Any = None
    enveloped: bool = False
    query: Mapping[str, Any] = Field(default_factory=dict)
    headers: Mapping[HeaderName, str] = Field(default_factory=dict)


class ReconcileSpec(Part):
    """Every day at `at` (Beijing time, "HH:MM") the day before is compared with ours.

    An exchange table and batch files have no `request`: the rows of the day are read, `row` has their columns, or the
    lines of the receipts that answer the files of the day. For the others `found` says whether the answer is a list at
    all, `rows` where its rows are; the rest is read from each `row`. Pages are asked for until one has fewer rows than
    `page_size`.

    `of` says what their list is of: our cases, or the notices they are sent. `many`: a case may have several rows.
    """

    at: str = Field(default="02:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    of: Literal["cases", "notices"] = "cases"
    many: bool = False
    request: ListRequestSpec | None = None
    found: str = "true"
    rows: str = "body"
    our_number: str
    department_number: str | None = None
    status: str | None = None
    page_size: int = Field(default=200, ge=1, le=1000)
    most_pages: int = Field(default=100, ge=1, le=1000)
