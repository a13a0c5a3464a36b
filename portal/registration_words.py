"""What the states and steps of a registration are called on the owner's pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.comparing import Change
from connectors.coverage import Fed
from connectors.registration import RegistrationState
from portal.words import marked

S = RegistrationState


@dataclass(frozen=True, slots=True, kw_only=True)
class StateWord:
    """A state as a word, an icon, a tone, and who acts next."""

    text: str
    icon: str
    tone: str
    next: str


STATES: Mapping[RegistrationState, StateWord] = {
    S.DRAFT: StateWord(
        text=marked("草稿"), icon="pencil", tone="", next=marked("编写完成、检查通过后，送另一位系统主管审批")
    ),
    S.TESTED: StateWord(
        text=marked("待审批"), icon="hourglass", tone="warn", next=marked("由没有参与编写的另一位系统主管审批或退回")
    ),
    S.APPROVED: StateWord(
        text=marked("已审批"), icon="certificate", tone="busy", next=marked("先在几个地区试运行，或直接上线")
    ),
    S.CANARY: StateWord(
        text=marked("试运行"),
        icon="eye",
        tone="busy",
        next=marked("看试运行地区的办件是否正常，然后全面上线或停止试运行"),
    ),
    S.LIVE: StateWord(text=marked("运行中"), icon="circle-check", tone="ok", next=marked("正常使用")),
    S.DRAINING: StateWord(
        text=marked("停办中"), icon="clock", tone="warn", next=marked("不再收新件，等在办的办完后停用")
    ),
    S.RETIRED: StateWord(text=marked("已停用"), icon="circle-x", tone="", next=marked("已结束")),
    S.SUPERSEDED: StateWord(
        text=marked("已被新版本替换"), icon="files", tone="", next=marked("新版本有问题时可以恢复这一版")
    ),
    S.SENT_BACK: StateWord(
        text=marked("已退回"), icon="arrow-left", tone="", next=marked("内容已成为一份新的草稿，在新草稿上修改")
    ),
    S.WITHDRAWN: StateWord(text=marked("已撤回"), icon="x", tone="", next=marked("已结束")),
}
STEPS: Mapping[RegistrationState, str] = {
    S.DRAFT: marked("保存草稿"),
    S.TESTED: marked("送审"),
    S.APPROVED: marked("审批通过"),
    S.CANARY: marked("开始试运行"),
    S.LIVE: marked("上线"),
    S.DRAINING: marked("停止收新件"),
    S.RETIRED: marked("停用"),
    S.SUPERSEDED: marked("被新版本替换"),
    S.SENT_BACK: marked("退回"),
    S.WITHDRAWN: marked("撤回"),
}
"""What was done, by the state it led to."""
STOPPED_TRIAL = marked("停止试运行")
FIRST = marked("建立草稿")
CHANGES: Mapping[Change, str] = {"added": marked("新增"), "removed": marked("不再发送"), "changed": marked("改变")}
CHANGE_TONES: Mapping[Change, str] = {"added": "busy", "removed": "danger", "changed": "warn"}
FED: Mapping[Fed, StateWord] = {
    Fed.ALWAYS: StateWord(text=marked("一定有"), icon="circle-check", tone="ok", next=""),
    Fed.MAYBE: StateWord(text=marked("可能为空"), icon="alert-triangle", tone="warn", next=""),
    Fed.NEVER: StateWord(text=marked("缺少"), icon="circle-x", tone="danger", next=""),
}
