"""Cases: taking one in, reading it, listing the unit's, withdrawing."""

from starlette.requests import Request
from starlette.responses import Response

from connectors.errors import ApplicationRefused, IdempotencyConflict, IntakeError, NotPermitted, NotWithdrawable
from connectors.intake import Accepted, Application
from matters.errors import CaseConflict, CaseUnknown, DuplicateCase, MatterError
from matters.policy import Actor, Role, may_change_case, may_see_cases
from matters.ports import Scope
from portal.api.answers import answer, catalogue_of
from portal.api.application_body import ApplicationBody, read_application
from portal.api.application_rules import application_of, refusal_of
from portal.api.case_record import record_of, seen_case
from portal.api.json_body import read_object
from portal.api.parameters import case_number, case_unknown, idempotency_key, single, whole_number
from portal.api.problem_types import (
    CASE_STATE,
    DUPLICATE_CASE,
    INVALID_APPLICATION,
    KEY_REUSED,
    NOT_PERMITTED,
    ProblemType,
)
from portal.api.refusals import FieldRefusal, Refused, Sentence
from portal.api.state import ApiState, api_of
from portal.api.views import case_line, case_whole, deliveries
from portal.words import marked as _

READ, WRITE = "cases:read", "cases:write"
_PAGE = 50
_LONGEST_REASON = 200


async def submit(request: Request) -> Response:
    """Take an application in; with the same key and content again, the answer is the same case."""
    api = api_of(request)
    actor = await api.tokens.actor(request, WRITE)
    key = idempotency_key(request)
    body = read_application(await read_object(request))
    application = application_of(body, api.guides.matter(body.matter), at=api.clock())
    accepted = await _accept(api, application, body, actor, key)
    return answer(
        {
            "number": accepted.case.number,
            "query_code": accepted.query_code,
            "status": accepted.case.status.value,
            "due_on": accepted.case.promised_on.isoformat() if accepted.case.promised_on else None,
            "deliveries": deliveries(api, accepted.deliveries, catalogue_of(request)),
        },
        status=201,
        headers={"location": f"{api.base_url}/api/v1/cases/{accepted.case.number}"},
    )


async def read(request: Request) -> Response:
    """One case: status, events, deliveries."""
    api = api_of(request)
    actor = await api.tokens.actor(request, READ)
    case = await seen_case(api, actor, case_number(request))
    return answer(case_whole(api, await record_of(api, case), catalogue_of(request)))


async def list_cases(request: Request) -> Response:
    """The cases of the caller's unit (a clerk) or region (a manager), newest first."""
    api = api_of(request)
    actor = await api.tokens.actor(request, READ)
    if not may_see_cases(actor):
        raise Refused(NOT_PERMITTED)
    limit = whole_number(request, "limit", default=_PAGE, at_least=1, at_most=100)
    scope = Scope(unit=actor.unit) if actor.has(Role.CLERK) and actor.unit else Scope(region=actor.region)
    page = await api.cases.page(scope, after=single(request, "after") or None, limit=limit)
    catalogue = catalogue_of(request)
    return answer({"cases": [case_line(api, case, catalogue) for case in page], "next": page.after})


async def withdraw(request: Request) -> Response:
    """Take a case back for the applicant; the department that has it is told."""
    api = api_of(request)
    actor = await api.tokens.actor(request, WRITE)
    number = case_number(request)
    reason = _reason(await read_object(request))
    case = await seen_case(api, actor, number)
    if not may_change_case(actor, case):
        raise Refused(NOT_PERMITTED, _("这个办件由另一单位受理，请由受理单位撤回。"))
    try:
        withdrawn = await api.intake.withdraw(number, actor=actor, reason=reason, at=api.clock())
    except CaseUnknown:
        raise case_unknown() from None
    except (NotWithdrawable, CaseConflict) as error:
        raise _told(CASE_STATE, error) from None
    return answer(case_whole(api, await record_of(api, withdrawn.case), catalogue_of(request)))


async def _accept(api: ApiState, application: Application, body: ApplicationBody, actor: Actor, key: str) -> Accepted:
    try:
        return await api.intake.accept(application, actor=actor, idempotency_key=key, at=api.clock())
    except NotPermitted:
        raise Refused(
            NOT_PERMITTED, _("受理办件需要综窗人员角色，以及所属的乡镇（街道）单位。请管理员为账号或应用设置。")
        ) from None
    except ApplicationRefused as refused:
        raise refusal_of(refused.errors, body) from None
    except IdempotencyConflict:
        raise Refused(KEY_REUSED) from None
    except DuplicateCase as duplicate:
        raise _told(DUPLICATE_CASE, duplicate) from None


def _reason(body: dict[str, object]) -> str:
    reason = body.get("reason")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > _LONGEST_REASON or len(body) > 1:
        sentence = Sentence(message=_("请只用 reason 写明申请人撤回的原因，1 到 200 个字。"))
        raise Refused(
            INVALID_APPLICATION, errors=(FieldRefusal(pointer="/reason", code="required", sentence=sentence),)
        )
    return reason.strip()


def _told(kind: ProblemType, error: MatterError | IntakeError) -> Refused:
    return Refused(kind, error.public, params=error.params)
