"""The words of the blanks in a starting spec, and what its pieces are made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.messages import N_

Document = dict[str, Any]
Say = Callable[[str], str]
CASE_KEY: Final = "caseNo"

STATUS: Final = N_("《？字段：办理状态》")
NUMBER: Final = N_("《？字段：部门编号》")
ADDRESS: Final = N_("《？接口路径》")
QUERY: Final = N_("《？查询路径》")
SECRET: Final = N_("《？凭据文件名》")
OPERATION: Final = N_("《？操作编号》")
USER: Final = N_("《？账号》")
NAMED_STATUS: Final = N_("《？状态值：办结》")
TABLE: Final = N_("《？表名》")
RESULT_TABLE: Final = N_("《？结果表名》")
CALL: Final = N_("《？方法名》")
NAMESPACE: Final = N_("《？命名空间》")
DIGEST: Final = N_("《？WSDL 的 SHA-256》")
REQUESTS: Final = N_("《？请求主题》")
RESPONSES: Final = N_("《？应答主题》")
BUTTON: Final = N_("《？按钮字段》")
SAVED: Final = N_("《？成功页面上的文字》")
LOGGED_IN: Final = N_("《？登录后页面上的文字》")
LOGGED_OUT: Final = N_("《？登录页上的文字》")
PAGE_ID: Final = N_("《？编号所在元素的 id》")
LIST_ID: Final = N_("《？列表的 id》")
HEADING: Final = N_("《？列标题：状态》")
HEADING_NUMBER: Final = N_("《？列标题：部门编号》")
HEADING_OURS: Final = N_("《？列标题：平台编号》")
BUTTON_TEXT: Final = N_("《？按钮上的文字》")
LOG_IN: Final = N_("《？登录页路径》")
USER_FIELD: Final = N_("《？账号输入框的名称》")
PASSWORD_FIELD: Final = N_("《？密码输入框的名称》")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSystem:
    """What an owner says of a system before there is a spec: step 1 of registering it."""

    id: str
    name: str
    name_en: str
    department: str
    transport: str


class Inline(dict[str, Any]):
    """An object written on one line."""


def rule(when: str, kind: str, **more: str) -> Document:
    """Return one line of `outcomes`."""
    return Inline({"when": when, "class": kind, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTransport:
    """Sections before the operations, after them, and of a request; `answer` is one that means: taken.

    `inside` is the key under which the envelope has the message's own body.
    """

    before: Document
    request: Document
    after: Document
    answer: Document
    inside: str = ""
    body: Document = field(default_factory=dict)
