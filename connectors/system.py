"""A department system, compiled from its YAML: nothing in here is looked up by name while a case is on its way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.expression import CodeTable, Expression
from connectors.mapping import Node
from connectors.outcomes import OutcomeRule
from connectors.predicates import Predicate
from connectors.spec_models import SystemSpec

ResendUnknown = Literal["dedupe", "probe", "never"]
Service = Literal["live", "draining", "retired", "trial"]
"""live: takes cases. draining: finishes what it has. retired: over, known by name only. trial: its canary's regions only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A compiled request. `path` alternates fixed text and expressions; `body` is None for a request without one."""

    method: str
    path: tuple[str | Expression, ...]
    call: str = ""
    query: Node
    headers: Node
    body: Node | None
    envelope: Node | None
    required: tuple[str, ...]
    most: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is sent for one kind of case. `request` is None where a person does it (`manual`)."""

    name: str
    title: str
    mode: Literal["sync", "async"]
    request: Request | None
    outcomes: tuple[OutcomeRule, ...]
    resend_unknown: ResendUnknown

    @property
    def manual(self) -> bool:
        return self.request is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    request: Request
    found: Predicate
    not_found: Predicate
    department_number: Expression | None
    status: Expression | None
    message: Expression | None
    settle_seconds: float
    tries: int
    as_answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """How one question is asked and read; with `rows`, one about many cases."""

    request: Request
    found: Predicate
    rows: Expression | None = None
    our_number: Expression | None = None
    at_once: int = 1
    status: Expression
    message: Expression | None
    department_number: Expression | None
    occurred_at: Expression | None
    facts: Mapping[str, Expression]
    every_seconds: float
    most_per_tick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Where the bytes of a file go, read from the answer to its announcement."""

    path: Expression
    stored: Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """How one file is handed over before the case; the rest is as the spec's `attachments` says."""

    operation: Operation
    taken: Predicate
    reference: Expression
    keep_seconds: float
    put: Put | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How one report of theirs is read."""

    event_id: Expression
    our_number: Expression | None
    department_number: Expression | None
    status: Expression
    message: Expression | None
    occurred_at: Expression | None
    facts: Mapping[str, Expression]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAnnouncement:
    """How something they tell of a person by themselves is known and read; `items` by data item."""

    when: Predicate
    kind: str
    event_id: Expression
    region: Expression
    items: Mapping[str, Expression]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    report: Report
    sent_at: Expression | None
    announcements: tuple[ReadAnnouncement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Of a channel that brings many reports at once."""

    report: Report
    every_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    """How one day's list is asked for and read; the rest is as its spec says."""

    request: Request
    found: Predicate
    rows: Expression
    our_number: Expression
    department_number: Expression | None
    status: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A version tried in some regions: codes, each with all that lies in it."""

    regions: tuple[str, ...]
    system: "System"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One department system: `spec` is what the YAML says, the rest is compiled from it.

    `registered` is the version of its registration, None for one read from a file alone; `service` how it stands.
    """

    spec: SystemSpec
    tables: Mapping[str, CodeTable]
    operations: Mapping[str, Operation]
    withdraw: Operation | None
    probe: Probe | None
    poll: Poll | None
    callback: Callback | None
    results: Results | None
    reconcile: Reconcile | None = None
    upload: Upload | None = None
    registered: int | None = None
    service: Service = "live"
    canary: Canary | None = None

    @property
    def takes_cases(self) -> bool:
        """Tell whether new cases go to it; while not, people bring them."""
        return self.service == "live"

    def is_by_hand(self, operation: str, region: str) -> bool:
        """Tell whether people bring the cases of `operation` from `region`: it sends none, or takes no new ones."""
        here = self.in_region(region)
        return not here.takes_cases or here.operation(operation).manual

    @property
    def is_served(self) -> bool:
        """Tell whether deliveries may go out to it: it is live, finishes what waits, or is tried."""
        return self.service != "retired" or self.canary is not None

    @property
    def leading(self) -> "System":
        """Return the version that hours, pace, results and lists go by: this one, or the one tried once this is over."""
        return self.canary.system if self.service == "retired" and self.canary is not None else self

    @property
    def served_versions(self) -> tuple["System", ...]:
        """Return the versions deliveries may go out under."""
        tried = (self.canary.system,) if self.canary is not None else ()
        return tried if self.service == "retired" else (self, *tried)

    def in_region(self, region: str) -> "System":
        """Return the version that serves the cases of `region`: the canary's in its regions, this one elsewhere."""
        canary = self.canary
        return canary.system if canary is not None and region.startswith(canary.regions) else self

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def name_en(self) -> str:
        return self.spec.name_en

    @property
    def transport(self) -> str:
        return self.spec.transport

    def operation(self, name: str) -> Operation:
        """Return the operation; one the spec does not have is done by a person, so that no matter is left out."""
        known = self.operations.get(name)
        if known is not None:
            return known
        return Operation(name=name, title=name, mode="async", request=None, outcomes=(), resend_unknown="never")
