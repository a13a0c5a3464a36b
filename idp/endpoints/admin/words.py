"""Sentences of the administrators' pages; Chinese here, English in locale/en.po."""

from typing import Final

from idp.counter_recovery import Denied
from idp.endpoints.words import _
from idp.import_jobs import JobState
from idp.protocol.account_csv import Trouble
from idp.protocol.account_ports import Standing
from idp.protocol.administration import Forbidden
from idp.protocol.counter_recovery import RecoveryRefusal

NOT_FOR_YOU: Final = (
    _("没有权限"),
    _("此页面只供本地区的管理员使用，或所查的账号不在您管理的地区。如需权限，请联系上级管理员。"),
)
ROLES: Final[dict[str, str]] = {
    "clerk": _("综窗人员"),
    "editor": _("指南编辑"),
    "approver": _("指南审核"),
    "owner": _("系统主管"),
    "manager": _("窗口主管"),
    "admin": _("管理员"),
}
STANDINGS: Final[dict[Standing, str]] = {
    Standing.ACTIVE: _("在用"),
    Standing.INVITED: _("待启用"),
    Standing.DISABLED: _("已停用"),
}
DONE: Final[dict[str, str]] = {
    "disable": _("账号已停用，其全部登录已结束。"),
    "enable": _("账号已恢复使用。"),
    "end_sessions": _("该账号的全部登录已结束。"),
    "reset_factors": _("动态码、通行密钥和恢复码已清除，全部登录已结束。"),
    "roles": _("角色已更改，全部登录已结束，重新登录后生效。"),
    "unit": _("单位已更改，全部登录已结束，重新登录后生效。"),
    "cancel": _("找回申请已取消。"),
}
FORBIDDEN: Final[dict[Forbidden, str]] = {
    Forbidden.ROLE: _("您没有管理账号的权限。"),
    Forbidden.REGION: _("该地区不在您管理的范围内。"),
    Forbidden.SELF: _("不能更改自己的账号，请由另一位管理员操作。"),
    Forbidden.HIGHER: _("窗口主管和管理员的账号只能由管理员找回。"),
}
RECOVERY_REFUSALS: Final[dict[RecoveryRefusal, str]] = {
    RecoveryRefusal.SAME_PERSON: _("发起人不能批准自己发起的找回，请由另一位同事核对身份证后批准。"),
    RecoveryRefusal.GONE: _("该找回申请已过期、已取消、已使用或已被批准，请重新发起。"),
    RecoveryRefusal.UNCHECKED: _("请先核对身份证原件与本人，再勾选确认。"),
    RecoveryRefusal.DISABLED: _("账号已停用，不能找回；如需恢复，请先由管理员恢复使用。"),
}
DENIED: Final[dict[Denied, str]] = {
    Denied.MISSING: _("请填写用户名、两段找回码和新密码。"),
    Denied.WRONG: _("用户名或找回码不正确，或找回码已过期。请核对后重新输入，或请窗口重新发起。"),
    Denied.THROTTLED: _("尝试次数过多，请在 15 分钟后到窗口重新发起。"),
}
ALREADY_ACTIVE: Final = _("该账号已设置过密码，不能再发邀请。忘记密码请走柜台找回。")
NO_SUCH_PERSON: Final = _("本地区没有这个用户名，请核对后重新输入。")
BAD_VALUE: Final = _("没有更改：至少选择一个角色；单位编号、名称要填写，区划代码为 2、4、6 或 9 位数字。")
NO_FILE: Final = _("请先选择要导入的 CSV 文件。")
FILE_GONE: Final = _("文件已过期或已开始导入，请重新上传；已导入的账号不会重复导入。")
JOB_STATES: Final[dict[JobState, str]] = {
    JobState.RUNNING: _("正在导入"),
    JobState.DONE: _("导入完成"),
    JobState.STOPPED: _("导入中断"),
}
COLUMNS: Final[dict[str, str]] = {
    "": _("整行"),
    "username": _("用户名"),
    "name": _("姓名"),
    "unit": _("单位编号"),
    "unit_name": _("单位名称"),
    "region": _("区划代码"),
    "roles": _("角色"),
}
TROUBLES: Final[dict[Trouble, str]] = {
    Trouble.ENCODING: _("文件不是 UTF-8 或 GB18030 编码的 CSV 表格。请在表格软件中另存为“CSV UTF-8”后重新上传。"),
    Trouble.TOO_LARGE: _("文件超过 8 MB 或 5 万行。请拆成几个文件分别导入。"),
    Trouble.NO_COLUMN: _("缺少这一列。请按模板补上列名后重新上传。"),
    Trouble.PASSWORD_COLUMN: _("文件里有密码列。请删除密码列：导入不使用密码，每人会得到一个邀请链接自行设置。"),
    Trouble.UNREADABLE: _("列数与表头不一致，或引号没有成对。请检查这一行的逗号和引号。"),
    Trouble.EMPTY: _("没有填写。请补上。"),
    Trouble.TOO_LONG: _("内容太长。请缩短（用户名、单位编号至多 64 字，姓名 100 字，单位名称 200 字）。"),
    Trouble.CONTROL: _("含有无法显示的字符。请重新输入这一格。"),
    Trouble.REGION: _("区划代码应为 2、4、6 或 9 位数字。如被表格软件改成了科学记数，请将该列设为文本。"),
    Trouble.OUTSIDE: _("不在您管理的地区。请由该地区的管理员导入。"),
    Trouble.ROLE: _("没有这个角色。可填：综窗人员、指南编辑、指南审核、系统主管、窗口主管、管理员；多个用顿号隔开。"),
    Trouble.TWICE: _("用户名与前面的行重复。请改用另一个用户名或删除一行。"),
}
