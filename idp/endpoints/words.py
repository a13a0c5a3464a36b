"""Sentences the pages say for reasons the rules give; Chinese here, English in locale/en.po."""

from typing import Final

from idp.device_grant import CodeRefusal
from idp.protocol import acr
from idp.protocol.audit import AuditKind
from idp.protocol.errors import PageReason
from idp.protocol.password_rules import PasswordFault
from idp.second_factor import FactorRefusal
from idp.sign_in import Refusal


def _(message: str) -> str:
    """Mark a sentence for translation; it is translated where it is shown."""
    return message


REFUSALS: Final[dict[Refusal, str]] = {
    Refusal.MISSING: _("请填写用户名和密码。"),
    Refusal.WRONG: _("用户名或密码不正确，请核对后重新输入。多次输错后需要等待。"),
    Refusal.THROTTLED: _(
        "尝试次数过多，请等 15 分钟再试；仍不行时请等到明天。常用的电脑不受他人影响；忘记密码请到柜台找回。"
    ),
    Refusal.BUSY: _("此刻登录的人较多，请稍等几秒再试。"),
}
REFUSAL_STATUS: Final[dict[Refusal, int]] = {
    Refusal.MISSING: 422,
    Refusal.WRONG: 422,
    Refusal.THROTTLED: 429,
    Refusal.BUSY: 503,
}
PAGE_REASONS: Final[dict[PageReason, tuple[str, str]]] = {
    PageReason.MALFORMED: (
        _("登录请求无法识别"),
        _("地址中的参数不完整、重复或已损坏。请回到原来的系统，重新点击登录。"),
    ),
    PageReason.UNKNOWN_CLIENT: (
        _("该系统尚未登记"),
        _("发起登录的系统没有在本平台登记或已停用。请联系系统主管。"),
    ),
    PageReason.REDIRECT_URI: (
        _("返回地址未登记"),
        _("登录后要返回的地址与登记的不一致，为保护您的账号，登录已停止。请联系系统主管。"),
    ),
    PageReason.INTERACTION_GONE: (
        _("本次登录已完成或已失效"),
        _("登录页面只能在打开它的浏览器里使用一次。请回到原来的系统，重新点击登录。"),
    ),
    PageReason.PUSHED_REQUEST_GONE: (
        _("登录请求已使用或已过期"),
        _("这个登录地址只能使用一次，并且很快过期。请回到原来的系统，重新点击登录。"),
    ),
    PageReason.FORM_EXPIRED: (
        _("页面已失效"),
        _("页面打开时间过长，或不是从本页提交。请返回上一页刷新后再试。"),
    ),
    PageReason.LOGOUT_REFUSED: (
        _("退出请求无法识别"),
        _("退出请求与登记的信息不一致，没有执行任何操作。如需退出，请使用门户页面上的“退出”。"),
    ),
}
NOT_AUDITED: Final = (
    _("暂时不能办理"),
    _("操作记录（审计）此刻无法写入，为保证安全，刚才的操作没有执行。请稍后再试；如持续出现，请联系系统管理员。"),
)
SCOPE_WORDS: Final[dict[str, str]] = {
    "openid": _("确认您的身份"),
    "profile": _("您的姓名、用户名和语言"),
    "email": _("您的电子邮箱"),
    "phone": _("您的电话号码"),
    "address": _("您的地址"),
    "unit": _("您的单位、地区和岗位角色"),
    "offline_access": _("在您离开后继续访问"),
    "guides:read": _("读取办事指南"),
    "cases:read": _("读取办件"),
    "cases:write": _("提交和撤回办件"),
}
OWN_ACCOUNT: Final = _("账号与安全")
DEVICE: Final = _("连接设备")
DEVICE_REFUSALS: Final[dict[CodeRefusal, str]] = {
    CodeRefusal.UNKNOWN: _("代码不正确或已失效。请核对设备屏幕上的代码，必要时在设备上重新开始。"),
    CodeRefusal.THROTTLED: _("尝试次数过多，请在 15 分钟后再试。"),
    CodeRefusal.ROLE: _("您的岗位没有使用该系统的权限，如有需要请联系系统主管。"),
    CodeRefusal.WEAK: _("该系统要求更强的登录方式。请退出后用动态码或通行密钥重新登录，再输入代码。"),
}
FACTOR_REFUSALS: Final[dict[FactorRefusal, str]] = {
    FactorRefusal.MISSING: _("请填写动态码或恢复码。"),
    FactorRefusal.WRONG: _("动态码或恢复码不正确，或已经使用过。请等待下一个动态码再试。"),
    FactorRefusal.THROTTLED: _("尝试次数过多，请在 15 分钟后再试。"),
    FactorRefusal.PASSKEY: _("通行密钥验证没有通过，可能是页面停留过久。请再试一次。"),
    FactorRefusal.KNOWN: _("这把通行密钥已经添加过，或已达到 10 把的上限。"),
    FactorRefusal.GONE: _("页面停留过久，密钥已更换。请用下面的新密钥重新添加。"),
}
FACTOR_REFUSAL_STATUS: Final[dict[FactorRefusal, int]] = {
    FactorRefusal.MISSING: 422,
    FactorRefusal.WRONG: 422,
    FactorRefusal.THROTTLED: 429,
    FactorRefusal.PASSKEY: 422,
    FactorRefusal.KNOWN: 422,
    FactorRefusal.GONE: 422,
}
PASSWORD_FAULTS: Final[dict[PasswordFault, str]] = {
    PasswordFault.SHORT: _("新密码至少 8 个字符。"),
    PasswordFault.LONG: _("新密码最多 256 个字符。"),
    PasswordFault.COMMON: _("这个密码太常见或太有规律，容易被猜到。请换一个，例如由几个不相关的词组成。"),
    PasswordFault.OWN_NAME: _("新密码不能包含您的用户名或姓名。"),
    PasswordFault.SAME: _("新密码与当前密码相同，请换一个。"),
    PasswordFault.DIFFERENT: _("两次输入的新密码不一致，请重新输入。"),
}
WRONG_CURRENT_PASSWORD: Final = _("当前密码不正确，请重新输入。多次输错后需要等待。")
UNNAMED_PASSKEY: Final = _("通行密钥")
ACR_WORDS: Final[dict[str, str]] = {
    acr.PASSWORD: _("密码"),
    acr.TWO_FACTOR: _("密码和动态码"),
    acr.PASSKEY: _("通行密钥"),
}
SIGN_IN_EVENTS: Final[dict[AuditKind, str]] = {
    AuditKind.SIGN_IN: _("登录"),
    AuditKind.SIGN_IN_FAILED: _("登录未成功"),
    AuditKind.FACTOR_FAILED: _("第二步验证未通过"),
    AuditKind.RECOVERY_CODE_USED: _("使用了一个恢复码"),
}
DONE_WORDS: Final[dict[str, str]] = {
    "password": _("密码已修改。其他浏览器上的登录已全部结束，本浏览器保持登录。"),
    "sessions": _("其他登录已全部结束。"),
    "session": _("该登录已结束。"),
    "totp": _("动态码已启用。以后用密码登录时需要输入动态码。"),
    "totp-removed": _("动态码已停用。"),
    "passkey": _("通行密钥已添加。"),
    "passkey-removed": _("通行密钥已移除。"),
}
