"""Taking an application in: the one use case behind the page and the API.

Policy → form → materials → case (received, accepted at the window) → frozen submission → delivery. All of it is ONE
commit, with the idempotency row; only then is there a receipt, and only then is the worker woken.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from config import logs
from config.state import StateStore
from connectors.errors import ApplicationRefused, IdempotencyConflict, NotPermitted
from connectors.intake_ports import IntakeStore, NewCase
from connectors.ledger import Delivery, DeliveryState, Submission
from connectors.ports import DueOn
from connectors.signing.base import sorted_json
from connectors.submission import freeze, sha256_of
from connectors.system import System
from connectors.waking import wake
from matters.case import Case, CaseEvent, CaseStatus, Evidence, move
from matters.deadline import promised_on, shanghai_day
from matters.duplicates import applicant_name, subject_key
from matters.errors import CaseUnknown, UnknownMatter
from matters.form import check_form
from matters.guide import Matter
from matters.material import MaterialProof, check_materials
from matters.numbering import case_number, new_query_code
from matters.policy import Actor, may_change_case, may_take_in
from matters.working_days import WorkingCalendar

log = logs.get(__name__)
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a clerk submits. `form` are typed or normal values; `unit_name` is printed and sent.

    `files_may_follow`: the API sends bytes in calls of their own, so that a `file` needs none yet.
    """

    matter_id: str
    situation: str
    form: Mapping[str, object] = field(repr=False)
    materials: Sequence[MaterialProof] = ()
    unit_name: str = ""
    origin: str = "window"
    files_may_follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The case as it is kept. `is_repeat`: the same key and content had been accepted before."""

    case: Case
    query_code: str = field(repr=False)
    deliveries: Sequence[Delivery]
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """The case after the applicant took it back, and where that still has to be said."""

    case: Case
    deliveries: Sequence[Delivery]


class Intake:
    """`guide` gives the published matter of an id, or None. `subject_secret` keeps subject keys from being guessed."""

    def __init__(
        self,
        *,
        store: IntakeStore,
        guide: Callable[[str], Matter | None],
        systems: Mapping[str, System],
        calendar: WorkingCalendar,
        state: StateStore,
        due_on: DueOn,
        subject_secret: bytes,
        choose: Callable[[Sequence[str]], str],
    ) -> None:
        self._store = store
        self._guide = guide
        self._systems = systems
        self._calendar = calendar
        self._state = state
        self._due_on = due_on
        self._secret = subject_secret
        self._choose = choose

    async def accept(self, application: Application, *, actor: Actor, idempotency_key: str, at: datetime) -> Accepted:
        """Take the application in; the same key with the same content gives the same case.

        Raises:
            NotPermitted: the actor may not take cases in.
            UnknownMatter: no published guide of that id.
            ApplicationRefused: form or materials do not hold.
            IdempotencyConflict: the key was used for something else.
            DuplicateCase: the same person has the same matter in flight.
        """
        if not may_take_in(actor):
            raise NotPermitted(actor.sub)
        content_hash = _hash(application)
        if (earlier := await self._earlier(actor, idempotency_key, content_hash)) is not None:
            return earlier
        matter = self._guide(application.matter_id)
        if matter is None:
            raise UnknownMatter(application.matter_id[:60])
        values = self._checked(matter, application, at)
        new = self._new_case(matter, application, values, actor, at)
        kept = await self._store.keep(
            new, actor=actor.sub, key=idempotency_key[:LONGEST_KEY], content_sha256=content_hash, at=at
        )
        if kept is None:  # the same key came in at the same moment and was first
            earlier = await self._earlier(actor, idempotency_key, content_hash)
            if earlier is None:
                raise IdempotencyConflict(actor.sub)
            return earlier
        case, deliveries = kept
        await wake(
            self._state, *sorted({delivery.system for delivery in deliveries if delivery.state is DeliveryState.QUEUED})
        )
        log.info("case_accepted", case=case.number, matter=matter.id, deliveries=len(deliveries))
        return Accepted(case=case, query_code=case.query_code, deliveries=deliveries)

    async def withdraw(self, number: str, *, actor: Actor, reason: str, at: datetime) -> Withdrawn:
        """Take a case back for the applicant: what has not left is cancelled, a department that has it is told.

        Raises:
            CaseUnknown: no such case, or not one the actor may change.
            NotWithdrawable: it is over.
        """
        case = await self._store.case(number)
        if case is None or not may_change_case(actor, case):
            raise CaseUnknown(number[:50])
        evidence = Evidence(source="applicant", who=actor.name, note=reason or None)
        withdrawn, deliveries = await self._store.withdraw(
            case.number, by=actor.sub, evidence=evidence, reason=reason, at=at, due_at=self._due_on(at)
        )
        await wake(
            self._state, *sorted({delivery.system for delivery in deliveries if delivery.state is DeliveryState.QUEUED})
        )
        log.info("case_withdrawn", case=case.number)
        return Withdrawn(case=withdrawn, deliveries=deliveries)

    async def _earlier(self, actor: Actor, key: str, content_hash: str) -> Accepted | None:
        found = await self._store.earlier(actor.sub, key[:LONGEST_KEY])
        if found is None:
            return None
        if found.content_sha256 != content_hash:
            raise IdempotencyConflict(actor.sub)
        return Accepted(case=found.case, query_code=found.case.query_code, deliveries=found.deliveries, is_repeat=True)

    def _checked(self, matter: Matter, application: Application, at: datetime) -> Mapping[str, object]:
        form = check_form(matter, application.situation, application.form, at=shanghai_day(at))
        errors = [*form.errors]
        if not any(error.code == "unknown_situation" for error in form.errors):
            errors += check_materials(
                matter,
                application.situation,
                application.materials,
                files_may_follow=application.files_may_follow,
            )
        if errors:
            raise ApplicationRefused(errors, form.warnings)
        return form.values

    def _new_case(
        self, matter: Matter, application: Application, values: Mapping[str, object], actor: Actor, at: datetime
    ) -> NewCase:
        subject = subject_key(matter, application.situation, values, secret=self._secret)
        query_code = new_query_code(self._choose)
        promised = promised_on(matter, application.situation, at, self._calendar)
        draft = Case(
            number="",
            query_code=query_code,
            matter_id=matter.id,
            matter_name=matter.name,
            guide_version=matter.guide.basic_info.version,
            situation=application.situation,
            status=CaseStatus.DRAFT,
            form=dict(values),
            applicant_name=applicant_name(values),
            unit=actor.unit,
            region=actor.region,
            responsible_region=actor.region,
            taken_in_by=actor.name,
            origin=application.origin,
            received_at=at,
            promised=matter.promised(application.situation),
            promised_on=promised,
            subject_key=subject,
        )

        def build(sequence: int) -> tuple[Case, Sequence[CaseEvent], Submission, Sequence[Delivery]]:
            number = case_number(region=actor.region, at=at, short_code=matter.short_code, sequence=sequence)
            case, events = _accepted_at_window(replace(draft, number=number), actor, at)
            content = freeze(
                case,
                matter,
                application.materials,
                actor,
                unit_name=application.unit_name,
                due_on=promised.isoformat() if promised else "",
            )
            submission = Submission(
                id=str(uuid4()), case_number=number, created_at=at, content=content, sha256=sha256_of(content)
            )
            return case, events, submission, [self._delivery(matter, submission, actor.region, at)]

        return NewCase(
            region=actor.region,
            day=shanghai_day(at),
            short_code=matter.short_code,
            subject_key=subject,
            materials=tuple(application.materials),
            build=build,
            due_at=self._due_on(at),
        )

    def _delivery(self, matter: Matter, submission: Submission, region: str, at: datetime) -> Delivery:
        known = self._systems.get(matter.target.system)
        is_manual = known is None or known.is_by_hand(matter.target.operation, region)
        key = str(uuid4())
        return Delivery(
            id=key,
            submission_id=submission.id,
            case_number=submission.case_number,
            position=1,
            system=matter.target.system,
            operation=matter.target.operation,
            kind="submit",
            key=key,
            state=DeliveryState.DESK if is_manual else DeliveryState.QUEUED,
            created_at=at,
            next_attempt_at=None if is_manual else at,
        )


def _accepted_at_window(draft: Case, actor: Actor, at: datetime) -> tuple[Case, list[CaseEvent]]:
    evidence = Evidence(source="window", who=actor.name)
    received, first = move(draft, CaseStatus.RECEIVED, at=at, by=actor.sub, evidence=evidence)
    accepted, second = move(received, CaseStatus.ACCEPTED, at=at, by=actor.sub, evidence=evidence)
    return accepted, [first, second]


def _hash(application: Application) -> str:
    said = {
        "matter": application.matter_id,
        "situation": application.situation,
        "form": application.form,
        "materials": [
            {
                "id": m.material,
                "kind": m.kind.value,
                "files": [f.sha256 for f in m.files],
                "copies": [m.originals, m.duplicates],
                "source": m.source,
                "reference": m.reference,
            }
            for m in application.materials
        ],
    }
    return hashlib.sha256(_stable(said).encode()).hexdigest()


def _stable(value: object) -> str:
    return sorted_json(_plain(value))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
