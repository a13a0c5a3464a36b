"""What delivery states, reasons and classes are called in front of people; English is in `locale/en.po`."""

from collections.abc import Mapping
from typing import Final

from connectors.alarms import AlarmKind
from connectors.ledger import DeliveryState, DeskReason, HoldReason
from connectors.messages import N_
from connectors.outcomes import OutcomeClass

STATE_NAMES: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.QUEUED: N_("待发送"),
    DeliveryState.SENDING: N_("发送中"),
    DeliveryState.CONFIRMED: N_("部门已确认"),
    DeliveryState.PENDING_RESULT: N_("部门已收到，等待结果"),
    DeliveryState.REFUSED: N_("部门不予办理"),
    DeliveryState.INVALID: N_("部门无法读取，待人工修正"),
    DeliveryState.WAIT: N_("等待再次发送"),
    DeliveryState.HELD: N_("暂缓发送"),
    DeliveryState.UNKNOWN: N_("正在核实部门是否收到"),
    DeliveryState.PROBING: N_("正在核实部门是否收到"),
    DeliveryState.DESK: N_("待人工办理"),
    DeliveryState.CANCELLED: N_("发送前已撤回"),
    DeliveryState.REPLAYED: N_("已重新送出，见后一次投递"),
}

HOLD_NAMES: Final[Mapping[HoldReason, str]] = {
    "": "",
    "closed": N_("部门系统不在开放时间"),
    "maintenance": N_("部门系统正在维护"),
    "breaker": N_("部门系统暂时无法连接"),
    "throttled": N_("部门系统要求放慢"),
    "auth": N_("部门系统未认可我方凭据，已告知系统主管"),
    "budget": N_("今天的发送额度已用完"),
    "person": N_("部门系统登录需要人工输入验证码，请到“待办”中输入"),
}

REASON_NAMES: Final[Mapping[DeskReason, str]] = {
    DeskReason.MANUAL: N_("该系统由人工送达"),
    DeskReason.RESULT: N_("已人工送达，等待登记部门结果"),
    DeskReason.UNKNOWN: N_("无法判断部门是否收到，请先电话核实，不要重复提交"),
    DeskReason.INVALID: N_("内容不符合部门要求，请修正或退回申请人"),
    DeskReason.GAVE_UP: N_("多次发送未成功，请人工办理"),
    DeskReason.UNMAPPED_STATUS: N_("部门返回了未登记的状态，请核实"),
    DeskReason.DEPARTMENT_ERROR: N_("部门系统报告出错，请与部门联系"),
    DeskReason.HAND_OVER: N_("结果由人工移交给接收方"),
    DeskReason.VISIT: N_("请网格员上门核实意愿"),
    DeskReason.SUPPLEMENT: N_("申请人已补正，请把补充的材料送交部门"),
    DeskReason.SUPPLEMENT_LATE: N_("补正期限已过，请向部门问清后登记"),
}

ALARM_NAMES: Final[Mapping[AlarmKind, str]] = {
    "not_ready": N_("连接器起不来，没有发送"),
    "not_taken": N_("前置库中的行部门一直没有读取"),
    "receipt_missing": N_("批次的回执文件到时没有返回"),
    "receipt_unreadable": N_("部门的回执文件读不了"),
    "receipt_unknown": N_("回执中有不属于我们的行"),
}

OUTCOME_NAMES: Final[Mapping[OutcomeClass, str]] = {
    OutcomeClass.ACCEPTED: N_("已接收"),
    OutcomeClass.DUPLICATE: N_("已有记录"),
    OutcomeClass.PENDING: N_("已接收，处理中"),
    OutcomeClass.REFUSED: N_("不予办理"),
    OutcomeClass.INVALID: N_("内容不符合要求"),
    OutcomeClass.AUTH: N_("凭据未被认可"),
    OutcomeClass.THROTTLED: N_("请求过快"),
    OutcomeClass.TRANSIENT: N_("暂时失败"),
    OutcomeClass.UNKNOWN: N_("结果不明"),
}
