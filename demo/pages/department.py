"""What a department's page says of itself: name, network, hours, how people sign on, how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta

from demo.ground import hours
from demo.ground.hours import Hours

WORKING_WEEK = frozenset({0, 1, 2, 3, 4})
_OFFICE = Hours(weekdays=WORKING_WEEK, opens=time(8, 30), closes=time(17, 30), closures=(hours.on_holidays(),))

DEPARTMENTS: Mapping[str, str] = {
    "mz": "民政厅",
    "rs": "人力资源和社会保障厅",
    "yb": "医疗保障局",
    "wj": "卫生健康委员会",
    "tax": "税务局",
    "scjg": "市场监督管理局",
    "gjj": "住房公积金管理中心",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAccount:
    """A local account; `post` is the post or region it stands for."""

    username: str
    name: str
    post: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSignOn:
    """Sign-in at a system that does not know OneWindow yet, as its entry describes it.

    `password` is printed on the sign-in page: it guards nothing, it stands for the slip of paper at the screen's edge.
    """

    accounts: tuple[LocalAccount, ...]
    password: str
    protocol: str
    idle: timedelta = timedelta(hours=8)
    asks_code: bool = False
    ukey_pin: str = ""
    once_per_account: bool = False
    note: str = ""


def _one(username: str, name: str, post: str) -> tuple[LocalAccount, ...]:
    return (LocalAccount(username=username, name=name, post=post),)


_CAS, _TICKET, _FILL = "CAS", "一次性 ticket", "凭据代填"

LOCAL: Mapping[str, LocalSignOn] = {
    "mz-assist": LocalSignOn(
        accounts=(
            LocalAccount(username="sl320105007", name="云桥受理员", post="云桥街道·受理岗"),
            LocalAccount(username="sh320105", name="区级审核员", post="区民政局·审核岗"),
        ),
        password="Jiuzhu@2026",  # noqa: S106 - printed on the page, see above
        protocol=_TICKET,
        note="账号按“岗位+行政区划”区分，一人可有多个账号，请选用与本次工作相符的账号。",
    ),
    "mz-benefit": LocalSignOn(
        accounts=_one("cjbt01", "补贴经办", "区残疾人两项补贴经办岗"),
        password="Butie#2026Q4",  # noqa: S106
        protocol=_FILL,
        asks_code=True,
        note="口令每季度强制更改。",
    ),
    "rs-resident-pension": LocalSignOn(
        accounts=_one("320105jb01", "城乡居保经办", "区城乡居保经办机构·待遇岗"),
        password="Yanglao@2026",  # noqa: S106
        protocol=_CAS,
    ),
    "rs-employee-insurance": LocalSignOn(
        accounts=_one("zgsb001", "职工社保经办", "单位经办员·综窗"),
        password="Zhigong@2026",  # noqa: S106
        protocol=_CAS,
        idle=timedelta(minutes=30),
        note="会话 30 分钟无操作失效。",
    ),
    "rs-card": LocalSignOn(
        accounts=_one("ZK05", "制卡岗", "卡管中心·批次岗"),
        password="ZHIKA2026",  # noqa: S106
        protocol=_FILL,
        note="原系统仅局域网终端可登录。",
    ),
    "yb-core": LocalSignOn(
        accounts=_one("yb320105jb", "医保经办", "区医保中心·综合经办岗"),
        password="Yibao@2026",  # noqa: S106
        protocol=_TICKET,
        idle=timedelta(minutes=20),
        note="会话 20 分钟无操作失效。",
    ),
    "wj-reward": LocalSignOn(
        accounts=_one("jlfz", "奖扶经办", "区卫健委·奖扶岗"),
        password="jlfz2026",  # noqa: S106
        protocol=_FILL,
        idle=timedelta(minutes=15),
        asks_code=True,
        once_per_account=True,
        note="同一账号不允许并发登录：后登录者会使先登录者退出。会话 15 分钟失效。",
    ),
    "tax-ssf": LocalSignOn(
        accounts=_one("13201050042", "征收岗", "税务所·社保费征收岗"),
        password="Shuiwu@2026",  # noqa: S106
        protocol=_CAS,
        ukey_pin="260105",
        note="须插入 UKey 并输入 PIN 完成实人认证。",
    ),
    "scjg-food": LocalSignOn(
        accounts=_one("spjy320105", "许可受理", "区市场监管局·许可受理岗"),
        password="Shipin@2026",  # noqa: S106
        protocol=_TICKET,
        note="统一登录接入后系统内仍有二级登录页（“门后有门”），已登记整改。",
    ),
    "gjj-core": LocalSignOn(
        accounts=_one("gjj0105", "归集经办", "管理部·归集岗"),
        password="Gongjijin@2026",  # noqa: S106
        protocol=_CAS,
    ),
}

HOURS: Mapping[str, Hours] = {
    "mz-assist": _OFFICE,
    "mz-benefit": _OFFICE,
    "rs-employee-insurance": _OFFICE,
    "rs-card": Hours(weekdays=WORKING_WEEK | {hours.SATURDAY}, closes=time(21), closures=(hours.on_holidays(),)),
    "wj-reward": _OFFICE,
    "tax-ssf": Hours(opens=time(6), closes=time(22)),
    "gjj-core": Hours(
        weekdays=WORKING_WEEK,
        opens=time(8, 30),
        closes=time(17, 30),
        closures=(hours.on_holidays(), lambda local: (local.month, local.day) == (6, 30)),
    ),
}
"""Of the systems without an interface; the others say it in their own folder."""

ACR_WANTED: Mapping[str, str] = {"rs-employment": "urn:onewindow:acr:real-name-3"}
"""Systems that ask the provider for a level: rs-employment wants 实名等级 3 (its entry's `sso.detail`)."""
