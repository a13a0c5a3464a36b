"""The shape of `config/systems/<id>.yaml`, typed; what the words mean stands in docs/connectors.md.

Mappings, expressions and predicates are kept here as they are written; `connectors.spec` compiles them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from connectors.availability import Availability
from connectors.outcomes import OutcomeClass, StatusWord
from connectors.spec_addresses import HeaderName, PathBelow
from connectors.spec_auth import Auth, CallbackAuth, NoAuth, Part
from connectors.spec_examples import ExampleSpec
from connectors.spec_exchange_table import ExchangeTableSpec
from connectors.spec_file_batch import FileBatchSpec
from connectors.spec_form_post import FormPostSpec
from connectors.spec_message_queue import MessageQueueSpec
from connectors.spec_reconcile import ReconcileSpec
from connectors.spec_reports import AnnouncementSpec, ReportSpec, ResultsSpec
from connectors.spec_soap import SoapSpec
from matters.material import LARGEST_FILE_BYTES

Written = Any
"""A mapping as it stands in the file; compiled and checked by `connectors.mapping`."""
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
TransportKind = Literal["rest_json", "soap", "exchange_table", "file_batch", "message_queue", "form_post", "manual"]
Role = Literal["clerk", "editor", "approver", "owner", "manager", "admin"]


class Sso(Part):
    """How a person gets into the system itself. `path` is what its tile opens, below the system's address."""

    type: Literal["oidc", "cas", "ticket", "form_fill"]
    path: PathBelow = "/"
    roles: tuple[Role, ...] = ("clerk",)
    note: str = ""


class Latency(Part):
    """What the department says of its own speed, in milliseconds."""

    typical_ms: int = Field(ge=0)
    p95_ms: int = Field(ge=0)
    timeout_ms: int = Field(ge=1)


class Connection(Part):
    """Where and how. The address comes from the deployment (ONEWINDOW_ENDPOINTS_FILE), never from the spec."""

    auth: Auth = NoAuth(kind="none")
    connect_timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    total_timeout_seconds: float | None = Field(default=None, gt=0, le=300)
    most_answer_bytes: int = Field(default=1_000_000, ge=1_000, le=20_000_000)
    charset: str = "utf-8"
    envelope: Written = None
    headers: Mapping[HeaderName, str] = Field(default_factory=dict)


class RequestSpec(Part):
    """One message, whatever carries it: `body` is its mapping.

    `path` (of an HTTP request) may hold `{expression}`; values are percent-encoded. `call` names the operation of a
    SOAP service.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: PathBelow = "/"
    call: str = ""
    query: Mapping[str, Written] = Field(default_factory=dict)
    headers: Mapping[HeaderName, str] = Field(default_factory=dict)
    body: Written = None
    enveloped: bool = True
    required: tuple[str, ...] = ()
    most: Mapping[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Lists of the message by their place, with how many items the department takes at once; a longer one is not sent."""


class RowsSpec(Part):
    """An answer with a result per row: `name` and `text` of each row whose `code` is not among `good` become facts, and
    are counted in the message. Expressions over `row`.
    """

    each: str
    name: str
    code: str
    good: tuple[str, ...]
    text: str


class OutcomeRuleSpec(Part):
    """`when` is CEL; the rest are expressions over the answer."""

    when: str
    kind: OutcomeClass = Field(alias="class")
    department_number: str | None = None
    message: str | None = None
    retry_after: str | None = None
    status: str | None = None
    case: StatusWord | None = None
    facts: Mapping[str, str] = Field(default_factory=dict)
    rows: RowsSpec | None = None


class OperationSpec(Part):
    """What is sent for one kind of case; its name is `target.operation` of the guide."""

    title: str = ""
    mode: Literal["sync", "async"]
    manual: bool = False
    request: RequestSpec | None = None
    outcomes: tuple[OutcomeRuleSpec, ...] = ()
    resend_unknown: Literal["dedupe", "probe", "never"] | None = None


class ProbeSpec(Part):
    """Ask whether they have it, by our number. Neither predicate holds: it can't be told.

    `as_answer`: what is found looks like the answer to the case itself, and the operation's outcome rules read it.
    """

    request: RequestSpec
    found: str
    not_found: str
    as_answer: bool = False
    department_number: str | None = None
    status: str | None = None
    message: str | None = None
    settle_seconds: float = Field(default=10.0, ge=0, le=86_400)
    tries: int = Field(default=5, ge=1, le=50)


class PollSpec(Part):
    """Ask how far a case is, or with `rows` how far many are, at most `at_once` in one question.

    Asked of many, the request reads `asked`, a list whose rows have number and department_number; `rows` says where the
    answer's rows are, and all but `found` is read from each `row`.
    """

    request: RequestSpec
    found: str
    rows: str | None = None
    our_number: str | None = None
    at_once: int = Field(default=1, ge=1, le=200)
    status: str
    message: str | None = None
    department_number: str | None = None
    occurred_at: str | None = None
    facts: Mapping[str, str] = Field(default_factory=dict)
    every_seconds: float = Field(default=1800.0, ge=1)
    most_per_tick: int = Field(default=50, ge=1, le=200)


class CallbackAnswerSpec(Part):
    """What we answer; the body is sent as it is written."""

    status: int = Field(default=200, ge=200, le=599)
    body: Written = None


class CallbackSpec(ReportSpec):
    """What the department tells us by itself, at POST {base_url}/callbacks/{system}."""

    auth: CallbackAuth
    window_seconds: int = Field(default=180, ge=10, le=3600)
    sent_at: str | None = None
    announcements: tuple[AnnouncementSpec, ...] = ()
    taken: CallbackAnswerSpec = CallbackAnswerSpec(status=200)
    refused: CallbackAnswerSpec = CallbackAnswerSpec(status=401)


MOST_FORM_BYTES: Final = 20 * 1024 * 1024
"""Of the files of one form: they are in memory while it is posted."""


class PutSpec(Part):
    """The bytes themselves go to the place that the answer to `request` names: `path` leads to it, below the
    department's own address. They have it where `stored` (CEL, over the answer to this PUT) holds.
    """

    path: str
    stored: str


class UploadSpec(Part):
    """One file is handed over before the case. `request` reads it as `file`; where `taken` (CEL) holds, `reference` is
    what the case calls it by. Otherwise `outcomes`, or those of the system, tell why; the case itself has not left.
    With `put` the answer is only where the bytes go.

    A reference is kept for `keep_seconds`, so that a case sent again names the same file; no longer than they keep a
    file nobody named.
    """

    request: RequestSpec
    taken: str
    reference: str
    put: PutSpec | None = None
    outcomes: tuple[OutcomeRuleSpec, ...] = ()
    keep_seconds: float = Field(default=1800.0, ge=0, le=86_400)


class AttachmentsSpec(Part):
    """What they take of files: a larger one, or one of another type, is not sent, and a person is told which.

    Each is handed over before the case (`upload`), or all go with the case's own form (`form_field`, the name of the
    page's file input), then at most `most_total_bytes` together.
    """

    most_bytes: int = Field(ge=1, le=LARGEST_FILE_BYTES)
    types: tuple[Literal["jpg", "png", "pdf"], ...] = Field(min_length=1)
    upload: UploadSpec | None = None
    form_field: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_$:.-]{1,100}$")
    most_total_bytes: int = Field(default=MOST_FORM_BYTES, ge=1, le=MOST_FORM_BYTES)


class Breaker(Part):
    """So many faults in a row stop sending; after `open_seconds` one delivery is let through to see."""

    faults: int = Field(default=5, ge=1, le=100)
    open_seconds: float = Field(default=30.0, ge=0.1, le=3600)
    most_open_seconds: float = Field(default=600.0, ge=0.1, le=86_400)


class Retry(Part):
    """Waiting times double from `first_seconds` to `most_seconds`; after `give_up_days` a person takes over."""

    first_seconds: float = Field(default=2.0, ge=0.05)
    most_seconds: float = Field(default=900.0, ge=0.05)
    give_up_days: int = Field(default=21, ge=1, le=90)


class DeliverySpec(Part):
    """How deliveries go out. `resend_unknown` says what may be done when it is not known whether one arrived.

    `concurrency` above 64 stands with `file_batch` only: there it is how many wait for the same file, not connections.
    """

    concurrency: int = Field(default=4, ge=1, le=1_000)
    rate_per_second: float | None = Field(default=None, gt=0)
    daily_budget: int | None = Field(default=None, ge=1)
    resend_unknown: Literal["dedupe", "probe", "never"] = "never"
    retry: Retry = Retry()
    breaker: Breaker = Breaker()


class SystemSpec(Part):
    """One department system, one version of its connector."""

    schema_version: Literal[1]
    id: Identifier
    version: str
    name: str
    name_en: str
    department: str
    network: str = ""
    protocol: Literal["rest_json", "soap", "exchange_table", "file_batch", "message_queue", "form_post"]
    transport: TransportKind
    sso: Sso
    latency: Latency
    availability: Availability
    idempotency: str = ""
    quirks: tuple[str, ...] = ()
    connection: Connection = Connection()
    delivery: DeliverySpec = DeliverySpec()
    attachments: AttachmentsSpec | None = None
    codes: Mapping[str, "CodesSpec"] = Field(default_factory=dict)
    fragments: Mapping[str, Written] = Field(default_factory=dict)
    statuses: Mapping[str, StatusWord] = Field(default_factory=dict)
    outcomes: tuple[OutcomeRuleSpec, ...] = ()
    operations: Mapping[str, OperationSpec] = Field(default_factory=dict)
    probe: ProbeSpec | None = None
    poll: PollSpec | None = None
    callback: CallbackSpec | None = None
    results: ResultsSpec | None = None
    soap: SoapSpec | None = None
    exchange_table: ExchangeTableSpec | None = None
    file_batch: FileBatchSpec | None = None
    message_queue: MessageQueueSpec | None = None
    form_post: FormPostSpec | None = None
    reconcile: ReconcileSpec | None = None
    not_reconciled: str = Field(default="", max_length=200)
    """Why there is no `reconcile`, for the owner's page: what the department can't list."""
    withdraw: OperationSpec | None = None
    examples: tuple[ExampleSpec, ...] = ()


class CodesSpec(Part):
    """Our code → theirs; an unknown one is refused, kept, or becomes `other`."""

    map: Mapping[str, str | int | bool]
    unknown: Literal["refuse", "keep", "default"] = "refuse"
    other: str | int | None = None


SystemSpec.model_rebuild()
