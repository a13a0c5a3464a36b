"""The entry forms of the systems people type into: fields in each system's own naming, doubles, number formats.

Sources: `field_naming`, `idempotency`, `quirks` and `sample_response` of each entry in systems.yaml, and the duplicate
key in `target.idempotency` of the matters it serves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Named = Callable[[date, int], str]
"""Makes the department's own number from the day and the running row."""


class Kind(StrEnum):
    """What a field holds, and so how it is checked and masked."""

    NAME = "name"
    ID_NUMBER = "id_number"
    ID_NUMBERS = "id_numbers"
    CHOICE = "choice"
    MONTH = "month"
    YEAR = "year"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryField:
    """One input; `name` is the column or control name in that system, `only_for` the operations that need it."""

    name: str
    label: str
    kind: Kind
    choices: Mapping[str, str] = field(default_factory=dict)
    required: bool = True
    only_for: frozenset[str] = frozenset()
    help: str = ""

    def is_needed(self, operation: str) -> bool:
        """Return whether this operation cannot do without the field."""
        return self.required and (not self.only_for or operation in self.only_for)


class While(StrEnum):
    """How long an application stands in the way of the same one."""

    EVER = "ever"
    OPEN = "open"  # until the department has decided


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryForm:
    """`same` are the fields that make two applications one: all of them equal, or any number in them `shared`.

    `once_per_case` is False where a case brings several rows (a roster, several kinds of insurance). `months` are those
    in which new entries are taken; in the others the system only answers questions.
    """

    operations: Mapping[str, str]
    fields: tuple[EntryField, ...]
    same: tuple[str, ...]
    clashes: While
    name_it: Named
    already: str
    shared: bool = False
    once_per_case: bool = True
    months: frozenset[int] = frozenset(range(1, 13))
    encoding: str = "utf-8"
    """Characters the system cannot keep become question marks, as they do there."""


def _name(name: str, label: str = "姓名") -> EntryField:
    return EntryField(name=name, label=label, kind=Kind.NAME)


def _id(name: str, label: str = "身份证号") -> EntryField:
    return EntryField(name=name, label=label, kind=Kind.ID_NUMBER)


ASSISTANCE = EntryForm(
    operations={
        "DB_APPLY": "最低生活保障申请",
        "DBBY_APPLY": "低保边缘家庭认定",
        "TK_APPLY": "特困人员认定",
        "LSJZ_APPLY": "临时救助申请",
    },
    fields=(
        _name("SQRXM", "申请人姓名"),
        _id("SFZH", "申请人身份证号"),
        EntryField(
            name="JTCYSFZH",
            label="共同生活家庭成员身份证号",
            kind=Kind.ID_NUMBERS,
            required=False,
            help="每行一个。同一家庭在办期间不得再次申请。",
        ),
    ),
    same=("SFZH", "JTCYSFZH"),
    clashes=While.OPEN,
    shared=True,
    name_it=lambda day, row: f"SHJZ{day:%Y%m%d}{row:05d}",
    already="1002 重复申请：该家庭已有在办业务，原业务编号 {number}。",
)

BENEFIT = EntryForm(
    operations={"CJR_BT": "残疾人两项补贴", "ET_JBSH": "孤儿和事实无人抚养儿童基本生活保障"},
    fields=(
        _name("XM"),
        _id("SFZHM", "身份证号码"),
        EntryField(
            name="CJRZH",
            label="残疾人证号",
            kind=Kind.TEXT,
            only_for=frozenset({"CJR_BT"}),
            help="办理两项补贴时必填。",
        ),
        EntryField(
            name="BTLX",
            label="补贴（保障）类别",
            kind=Kind.CHOICE,
            choices={
                "1": "困难残疾人生活补贴",
                "2": "重度残疾人护理补贴",
                "3": "社会散居孤儿",
                "4": "事实无人抚养儿童",
            },
        ),
    ),
    same=("SFZHM", "BTLX"),
    clashes=While.EVER,
    name_it=lambda day, row: f"{day:%Y%m%d}-01-{row:04d}",
    already="主键冲突：该人员同类补贴已写入，批次行号 {number}，视为已提交。",
)

EMPLOYEE_INSURANCE = EntryForm(
    operations={"RYZJY": "单位职工增减员", "LHJYCB": "灵活就业人员参保"},
    fields=(
        EntryField(
            name="aab001",
            label="统一社会信用代码",
            kind=Kind.TEXT,
            only_for=frozenset({"RYZJY"}),
            help="办理单位增减员时必填。",
        ),
        _name("aac003"),
        _id("aac002"),
        EntryField(
            name="xz",
            label="险种",
            kind=Kind.CHOICE,
            choices={"110": "110 企业职工基本养老保险", "210": "210 失业保险", "410": "410 工伤保险"},
        ),
        EntryField(name="aae041", label="起始年月", kind=Kind.MONTH, help="六位数字，如 202611。"),
    ),
    same=("aac002", "xz", "aae041"),
    clashes=While.EVER,
    once_per_case=False,
    name_it=lambda day, row: f"PC{day:%Y%m%d}-{row:04d}-001",
    already="该人员本险种本月份已有有效参保记录，批次行号 {number}。",
)

CARD = EntryForm(
    operations={"BKKP": "社会保障卡制发"},
    fields=(
        _id("列02", "身份证号"),
        _name("列03", "姓名"),
        EntryField(
            name="列04",
            label="合作银行",
            kind=Kind.CHOICE,
            choices={
                "102": "102 工商银行",
                "103": "103 农业银行",
                "104": "104 中国银行",
                "105": "105 建设银行",
                "403": "403 邮储银行",
                "313": "313 城商银行",
                "402": "402 农商银行",
            },
        ),
        EntryField(name="列05", label="业务类别", kind=Kind.CHOICE, choices={"1": "1 首次申领", "2": "2 补换卡"}),
        EntryField(name="列06", label="卡应用城市", kind=Kind.TEXT, help="六位区划代码，如 320100。"),
    ),
    same=("列02", "列06"),
    clashes=While.OPEN,
    name_it=lambda day, row: f"ZK_{day:%Y%m%d}_01-{row:04d}",
    already="该人员本市制卡申请在办，批次序号 {number}。",
    encoding="gbk",
)

REWARD = EntryForm(
    operations={"JLFZ": "计划生育家庭奖励（特别）扶助", "DZJL": "独生子女父母一次性奖励"},
    fields=(
        _name("txtXM"),
        _id("txtSFZH"),
        EntryField(name="txtND", label="申报年度", kind=Kind.YEAR, help="四位数字，如 2026。"),
        EntryField(
            name="ddlJB",
            label="扶助类别",
            kind=Kind.CHOICE,
            choices={"1": "农村奖励扶助", "2": "特别扶助（伤残）", "3": "特别扶助（死亡）", "9": "一次性奖励"},
        ),
    ),
    same=("txtXM", "txtSFZH", "txtND"),
    clashes=While.EVER,
    name_it=lambda day, row: f"JLFZ{day:%Y}{row:06d}",
    already="该人员已申报，申报编号 {number}。",
    encoding="gb2312",
    months=frozenset({1, 2, 3}),
)

CONTRIBUTIONS = EntryForm(
    operations={"CXJM_JF": "城乡居民社保费缴纳", "LHJY_JF": "灵活就业人员社保费缴纳", "JFZM": "缴费证明开具"},
    fields=(
        _name("NSRMC", "缴费人姓名"),
        _id("NSRSBH", "缴费人识别号（身份证号）"),
        EntryField(
            name="ZSPMDM",
            label="征收品目",
            kind=Kind.CHOICE,
            choices={
                "10210": "居民基本养老保险费",
                "10220": "居民基本医疗保险费",
                "10110": "职工基本养老保险费",
                "10120": "职工基本医疗保险费",
            },
        ),
        EntryField(name="SSQ", label="费款所属期", kind=Kind.TEXT, help="年度或起止月份，如 2026 或 202601-202612。"),
    ),
    same=("operation", "NSRSBH", "ZSPMDM", "SSQ"),
    clashes=While.EVER,
    once_per_case=False,
    name_it=lambda day, row: f"320105{day:%Y}{row:010d}",
    already="该费款所属期已缴纳（已申报），应征凭证号 {number}。",
)

HOUSING_FUND = EntryForm(
    operations={"GRZHSL": "职工账户设立"},
    fields=(
        EntryField(name="DWZH", label="单位账号", kind=Kind.TEXT),
        _name("ZGXM", "职工姓名"),
        _id("SFZHM", "身份证号码"),
        EntryField(name="QSY", label="缴存起始月", kind=Kind.MONTH, help="六位数字，如 202611。"),
    ),
    same=("DWZH", "SFZHM", "QSY"),
    clashes=While.EVER,
    once_per_case=False,
    name_it=lambda _day, row: f"{1_000_000 + row:09d}",
    already="账户已存在，返回原个人账号 {number}。",
    encoding="gbk",
)

ENTRY_FORMS: Mapping[str, EntryForm] = {
    "mz-assist": ASSISTANCE,
    "mz-benefit": BENEFIT,
    "rs-employee-insurance": EMPLOYEE_INSURANCE,
    "rs-card": CARD,
    "wj-reward": REWARD,
    "tax-ssf": CONTRIBUTIONS,
    "gjj-core": HOUSING_FUND,
}
