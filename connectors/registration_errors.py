"""Why a step of a registration is not taken. Each has a plain sentence for the person and nothing of a case.

RegistrationError
├─ RegistrationUnknown   no such system or version
├─ RegistrationConflict  somebody else changed it meanwhile
├─ NotADraft             only a draft's text can be written
├─ NotASystemId          a system's id is what it is called by everywhere
├─ SpecTooLong           a spec of more than 64 KiB, or its WSDL of more than it may have
├─ IllegalMove           the table has no such way
├─ AlreadyThere          it is in that state
├─ ReasonMissing         a step without a reason
├─ RegionsMissing        a canary without regions
├─ RegionsOutside        a canary where the person runs no systems
├─ RegionsUnknown        a canary where no window takes in cases
├─ CanaryTaken           another version of the system is tried
├─ SamePerson            approved by who wrote or tested it
├─ NotReady              what the step asks for does not hold; `readiness` says what
├─ StillNeeded           deliveries wait for it, or results are awaited; `backlog` has the numbers
└─ JustDraining          some process may still give it a case
"""

from typing import TYPE_CHECKING, ClassVar

from connectors.errors import ConnectorError
from connectors.messages import N_

if TYPE_CHECKING:
    from connectors.backlog import Backlog
    from connectors.readiness import Readiness


class RegistrationError(ConnectorError):
    """`public` is a Chinese msgid with {params} for the person."""

    code: ClassVar[str] = "registration_error"
    public: ClassVar[str] = N_("没有办成，请稍后再试")

    def __init__(self, **params: object) -> None:
        super().__init__(f"{type(self).code} {params}" if params else type(self).code)
        self.params = params


class RegistrationUnknown(RegistrationError):
    code = "registration_unknown"
    public = N_("没有这个版本，请从系统列表重新进入")


class RegistrationConflict(RegistrationError):
    code = "registration_conflict"
    public = N_("别人刚刚改动了这个版本，请刷新后再看")


class NotADraft(RegistrationError):
    code = "not_a_draft"
    public = N_("只有草稿可以修改，请先另建一个新版本")


class NotASystemId(RegistrationError):
    code = "not_a_system_id"
    public = N_("系统编号由小写字母、数字和连字符组成，以字母开头，2 至 41 个字符")


class SpecTooLong(RegistrationError):
    code = "spec_too_long"
    public = N_("对接说明超过 64 KB，或 WSDL 超过 2 MB，请精简后再保存")


class IllegalMove(RegistrationError):
    """`state` and `to` are values of `RegistrationState`."""

    code = "illegal_move"
    public = N_("当前状态下不能进行这一步，请按顺序办理")


class AlreadyThere(RegistrationError):
    code = "already_there"
    public = N_("这个版本已经处于该状态")


class ReasonMissing(RegistrationError):
    code = "reason_missing"
    public = N_("请写明理由")


class RegionsMissing(RegistrationError):
    """`wrong` are the codes that are none."""

    code = "regions_missing"
    public = N_("请填写试运行地区的区划代码（2、4、6、9 或 12 位数字）")


class RegionsOutside(RegistrationError):
    """`codes` are those that lie outside the person's own region."""

    code = "regions_outside"
    public = N_("这些地区不在您的管辖区域内：{codes}")


class RegionsUnknown(RegistrationError):
    """`codes` hold no window that ever took in a case; `known` are townships of the person's region that do."""

    code = "regions_unknown"
    public = N_("这些地区没有窗口受理办件：{codes}。可选的地区：{known}")


class CanaryTaken(RegistrationError):
    """`version` is the one that is tried."""

    code = "canary_taken"
    public = N_("第 {version} 版正在试运行，请先结束它的试运行")


class SamePerson(RegistrationError):
    code = "same_person"
    public = N_("编写或测试这个版本的人不能审批，请由另一位系统主管审批")


class NotReady(RegistrationError):
    code = "not_ready"
    public = N_("还不具备条件，请先处理列出的问题")

    def __init__(self, readiness: "Readiness") -> None:
        super().__init__()
        self.readiness = readiness


class StillNeeded(RegistrationError):
    code = "still_needed"
    public = N_("还有 {waiting} 件待送、{awaited} 件等待结果、{on_desk} 件待人工核实，办完后才能停用")

    def __init__(self, backlog: "Backlog") -> None:
        super().__init__(waiting=backlog.waiting, awaited=backlog.awaited, on_desk=backlog.on_desk)
        self.backlog = backlog


class JustDraining(RegistrationError):
    """`seconds`: how long every process may still not know that the system takes no new cases."""

    code = "just_draining"
    public = N_("刚刚开始停办，请 {seconds} 秒后再停用")
