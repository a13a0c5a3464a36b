"""Incidents in words: what is wrong, how much of it, and what to do about it."""

from collections.abc import Mapping
from typing import Final

from connectors.alarms import KINDS as ALARM_KINDS
from connectors.conditions import name_and_stage
from connectors.incidents import Incident, IncidentKind
from connectors.words import ALARM_NAMES
from portal.words import _, marked

_NAMES: Final[Mapping[IncidentKind, str]] = {
    "breaker_open": marked("连不上，已暂停发送"),
    "limit_at_risk": marked("有办件可能误了承诺期限"),
    "waiting_too_long": marked("开放时间内等待超过一小时"),
    "unknown_on_desk": marked("不知部门是否收到，等人核实"),
    "desk_overdue": marked("待办超期没有处理"),
    "reconciliation": marked("对账有差异，要向部门询问"),
    "contract_drift": marked("部门接口的应答与对接样例不一致"),
    "secret_expiry": marked("凭据快到期"),
    "certificate_expiry": marked("部门服务器证书快到期"),
    **{kind: ALARM_NAMES[kind] for kind in ALARM_KINDS},
}
_ADVICE: Final[Mapping[IncidentKind, str]] = {
    "breaker_open": marked("请与部门联系；恢复后自动继续，等待的办件不会丢失。"),
    "limit_at_risk": marked("请与部门商量延长开放时间，或由窗口按纸质材料送办，并告知申请人。"),
    "waiting_too_long": marked("请看系统页的最近尝试；部门正常而仍不送出时，请联系运维。"),
    "unknown_on_desk": marked("请窗口打电话向部门核实，不要重复提交。"),
    "desk_overdue": marked("请提醒办理窗口打开待办处理。"),
    "not_ready": marked("请按所写原因补上凭据或改正地址；半分钟内会自动再试，不必重启。"),
    "not_taken": marked("请联系部门检查前置库的读取任务。"),
    "receipt_missing": marked("请联系部门补回执文件；在此之前不会重送。"),
    "receipt_unreadable": marked("请联系部门核对回执文件的格式与字符集。"),
    "receipt_unknown": marked("请联系部门核对回执中的行属于谁。"),
    "reconciliation": marked("请按对账清单向部门逐条询问。"),
    "contract_drift": marked("请向部门确认接口是否变更；已上线的版本不会自动改变。"),
    "secret_expiry": marked("请向部门申请新的凭据，先放入“.next”文件，双方生效后再换。"),
    "certificate_expiry": marked("请部门更换服务器证书，否则到期后无法连接。"),
}


def incident_name(kind: IncidentKind) -> str:
    """Return what is wrong, in the language of this request."""
    return _(_NAMES[kind])


def incident_advice(kind: IncidentKind) -> str:
    """Return what to do about it."""
    return _(_ADVICE[kind])


def incident_what(incident: Incident) -> str:
    """Return how much of it, or of what: never a person, never a case."""
    key = incident.key
    if key.kind in ("secret_expiry", "certificate_expiry"):
        name, _stage = name_and_stage(key.subject)
        return _("%(name)s，剩 %(days)s 天", name=name, days=incident.count)
    parts = [] if key.kind in ("breaker_open", "contract_drift") else [_("%(count)s 件", count=incident.count)]
    return " · ".join([*parts, *([incident.detail] if incident.detail else [])])
