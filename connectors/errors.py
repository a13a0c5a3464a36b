"""What can be wrong with a connector.

ConnectorError
├─ SpecRefused       a system's YAML does not hold: found when it is loaded, never while delivering
├─ MappingRefused    this case can't be put into the department's form: nothing has left the house
├─ SecretMissing     a spec names a secret that the secrets directory does not have, or not as it should be
└─ EnvelopeRefused   what a department sent is not signed, sealed or shaped as its spec says
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from connectors.messages import N_
from matters.form_errors import FieldError


class ConnectorError(Exception):
    """The root; its text names no person and no value of a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecProblem:
    """One thing wrong in a spec: where (`operations.ZLJ_APPLY.request.body.idNumber`) and what was expected."""

    file: str
    line: int
    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.expected}"


class SpecRefused(ConnectorError):
    """Carries every problem of the file or directory, so that one run shows all there is to mend."""

    def __init__(self, problems: Sequence[SpecProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class MappingRefused(ConnectorError):
    """`target` is the department's field, `reason` a sentence for the person who has to mend it; no value is quoted."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"{target}: {reason}")
        self.target = target
        self.reason = reason


class SecretMissing(ConnectorError):
    """The secret's name is no secret; its value never reaches an exception."""


class EnvelopeRefused(ConnectorError):
    """`reason` is one word for logs: signature, stale, shape, seal."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IntakeError(ConnectorError):
    """Why an application or a withdrawal is not taken. `public` is a Chinese msgid with {params} for the person."""

    code: ClassVar[str] = "intake_error"
    public: ClassVar[str] = N_("没有办成，请稍后再试")

    def __init__(self, detail: str = "", **params: object) -> None:
        super().__init__(detail or type(self).code)
        self.params = params


class NotPermitted(IntakeError):
    """The policy says no."""

    code = "not_permitted"
    public = N_("您没有办理这项操作的权限，请联系管理员")


class IdempotencyConflict(IntakeError):
    """The same key came with other content."""

    code = "idempotency_conflict"
    public = N_("这个提交编号已用于另一份申请，请重新打开表单再提交")


class ApplicationRefused(IntakeError):
    """The form or the materials do not hold; every place is named, nothing is kept."""

    code = "application_refused"
    public = N_("申请还不能提交，请按各项提示修改")

    def __init__(self, errors: Sequence[FieldError], warnings: Sequence[FieldError] = ()) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = tuple(errors)
        self.warnings = tuple(warnings)


class NotWithdrawable(IntakeError):
    """The case is over."""

    code = "not_withdrawable"
    public = N_("办件已经办结，不能撤回")


class StepNotPossible(IntakeError):
    """The case has no such step now: there is nothing to hand over or to bring, or somebody was faster."""

    code = "step_not_possible"
    public = N_("办件刚刚有了变化，这一步现在不能登记，请刷新后再看")


class TaskClosed(IntakeError):
    """Somebody else, or the department, settled it first."""

    code = "task_closed"
    public = N_("这项待办刚刚已经处理完，请刷新后再看")
