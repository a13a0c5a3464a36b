"""What the tax system checks of a message and how it decides; no I/O. Amounts are whole fen.

Refused on the merits (FAIL): nothing to pay (0 fen) and a deduction without an account.
"""

from collections.abc import Mapping
from typing import Final

from demo.ground import checks, notices
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.decision import Decision

_FEN: Final = checks.integer(0, 10**12)
_MONTH: Final = checks.day("%Y%m")
_KINDS: Final = ("102011", "102031", "102012", "102032")
_PAYER: Final = (
    need("nsrsbh", checks.identity),
    need("nsrmc", checks.text(100)),
    need("lxdh", checks.phone),
    need("dz", checks.text(400)),
    need("xzqh", checks.township),
)
_NOTICE: Final = {"number": "gzbh", "basis": "flyj", "state": "gzzt", "name": "nsrmc", "id": "nsrsbh"}
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    notices.RESULT: notices.fields(_NOTICE)[:3],
    "CXJM_JF": (
        *_PAYER,
        need("ssq", checks.day("%Y")),
        need("zspmdm", checks.code("102012", "102032")),
        need("jfdc", checks.code("100", "200", "500", "1000", "2000"), when("zspmdm", "102012")),
        may("je", _FEN),
        may("zzje", _FEN),
        need("jffs", checks.code("1", "2", "3")),
        need("tdjf", checks.code(1, 0)),
        need("bjfrxm", checks.text(100), when("tdjf", 1)),
        need("bjfrsbh", checks.identity, when("tdjf", 1)),
    ),
    "LHJY_JF": (
        *_PAYER,
        need("ssq", _MONTH),
        need("zspmdm", checks.codes(*_KINDS)),
        need("jfjs", _FEN),
        may("je", _FEN),
        need("jffs", checks.code("1", "2", "3")),
        may("yh.hm", checks.text(100)),
        may("yh.khh", checks.text(160)),
        may("yh.zh", checks.account),
    ),
    "JFZM": (
        *_PAYER,
        need("ztlx", checks.code("1", "2")),
        need("dwmc", checks.text(200), when("ztlx", "2")),
        need("dwshxydm", checks.credit_code, when("ztlx", "2")),
        need("ssqq", _MONTH),
        need("ssqz", _MONTH),
        need("zspmdm", checks.codes(*_KINDS)),
        may("yt", checks.text(200)),
        need("dbr.xm", checks.text(100), lambda body: "dbr" in body),
        need("dbr.sfzh", checks.identity, lambda body: "dbr" in body),
        need("dbr.lxdh", checks.phone, lambda body: "dbr" in body),
        need("dbr.gx", checks.text(40), lambda body: "dbr" in body),
    ),
}


def check(business: str, body: Body) -> list[Complaint]:
    """Return everything wrong with a message; an unknown bizCode is one complaint."""
    fields = FIELDS.get(business)
    return [Complaint("bizCode", "业务代码不存在")] if fields is None else checks.complaints(body, fields)


def business_key(business: str, body: Body) -> str | None:
    """Return what is paid once only: a person's insurance for a period. A certificate may be had again."""
    if business in ("JFZM", notices.RESULT):
        return None
    payer = body.get("bjfrsbh") or body["nsrsbh"]
    kinds = body["zspmdm"] if isinstance(body["zspmdm"], list) else [body["zspmdm"]]
    return f"{business}:{payer}:{','.join(sorted(map(str, kinds)))}:{body['ssq']}"


def decide(business: str, body: Body, number: str) -> Decision:
    """Return what becomes of a message that passed `check`; `number` is the voucher's."""
    if business == notices.RESULT:
        return Decision(status="SUCCESS", facts={"jgms": notices.SAID[notices.RESULT]})
    if business == "JFZM":
        return Decision(status="SUCCESS", facts={"jgms": "证明已开具", "zmbh": f"ZM{number}"})
    if body.get("je") == 0:
        return Decision(status="FAIL", facts={"jgms": "应缴金额为零，无需申报缴费"})
    return Decision(status="SUCCESS", facts={"jgms": "缴费成功", **({"je": body["je"]} if "je" in body else {})})
