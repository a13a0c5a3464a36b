"""What this department checks and decides; no I/O. Field names are the national healthcare codes.

Refused (infcode -1), at once:
- CBDJ_JM, CBDJ_ZG: enrolled already for that year, or that month with that employer (see `business_key`);
later, by message:
- MTBZRD 门诊慢特病: 其他 (M99) without the drugs needed;
- SGBX 手工报销: third-party liability, or another payer has paid it all;
- YLJZ 医疗救助: 因病致贫 with a yearly income over 60,000 yuan a head; costs that were reimbursed in full.
"""

from collections.abc import Mapping
from typing import Final

from demo.ground import checks
from demo.ground.checks import Body, Complaint, Field, may, need, when
from demo.ground.decision import Decision

MOST_INCOME_A_HEAD: Final = 60_000
OTHER_DISEASE: Final = "M99"
HOME_PROVINCE: Final = "32"

_DATE: Final = checks.day("%Y-%m-%d")
_MONEY: Final = checks.number(0, 100_000_000)
_FLAG: Final = checks.code("0", "1")
_NAME: Final = checks.text(100)

_PERSON: Final = (
    need("psn_name", _NAME),
    need("psn_cert_type", checks.code("01")),
    need("certno", checks.identity),
    need("tel", checks.phone),
    need("rpr_admdvs", checks.township),
    need("addr", checks.text(400)),
)
_SEX_AND_BIRTH: Final = (need("gend", checks.code("1", "2")), need("brdy", _DATE))
_AGENT: Final = (
    may("agnter_name", _NAME),
    need("agnter_certno", checks.identity, lambda body: "agnter_name" in body),
    need("agnter_tel", checks.phone, lambda body: "agnter_name" in body),
    need("agnter_rlts", checks.code("1", "2", "3", "4", "5", "9"), lambda body: "agnter_name" in body),
)
_ACCOUNT: Final = (
    need("bank_acct_name", _NAME),
    need("bank_name", checks.text(160)),
    need("bank_acct", checks.account),
)
_NEWBORN: Final = when("insu_type_detl", "newborn")
_EMPLOYEE: Final = when("emp_type", "1")

FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "CBDJ_JM": (
        *_PERSON,
        *_SEX_AND_BIRTH,
        need("insutype", checks.code("390")),
        need("insu_type_detl", checks.code("resident", "newborn")),
        need("brcert_no", checks.text(20), _NEWBORN),
        may("fthr_name", _NAME),
        need("mthr_name", _NAME, _NEWBORN),
        need("mthr_certno", checks.identity, _NEWBORN),
        need("insu_year", checks.day("%Y")),
        need("subs_type", checks.code("0", "1", "2", "3", "4", "5")),
        need("insu_loc_type", checks.code("1", "2")),
        *_AGENT,
    ),
    "CBDJ_ZG": (
        *_PERSON,
        *_SEX_AND_BIRTH,
        need("insutype", checks.code("310")),
        need("emp_type", checks.code("1", "2")),
        need("emp_name", checks.text(200), _EMPLOYEE),
        need("uscc", checks.credit_code, _EMPLOYEE),
        may("emp_no", checks.text(30)),
        need("clct_std", _MONEY),
        need("insu_ym", checks.day("%Y%m")),
        need("insu_mode", checks.code("1", "2")),
        *_AGENT,
    ),
    "YDJYBA": (
        *_PERSON,
        need("rloc_type", checks.code("1", "2")),
        need("rloc_rea", checks.code("10", "11", "12", "21", "23", "24")),
        need("mdtrtarea_admvs", checks.pattern(r"\d{6}", "就医地应填6位行政区划")),
        may("fixmedins_name", checks.text(200)),
        need("begndate", _DATE),
        may("enddate", _DATE),
        need("trt_promise_flag", _FLAG, when("rloc_type", "1")),
        *_AGENT,
    ),
    "MTBZRD": (
        *_PERSON,
        *_SEX_AND_BIRTH,
        need("opsp_dise_code", checks.code("M01", "M02", "M03", "M04", "M05", "M06", OTHER_DISEASE)),
        need("diag_fixmedins_name", checks.text(200)),
        may("diag_dr_name", _NAME),
        need("diag_date", _DATE),
        may("fixmedins_name", checks.text(200)),
        may("drug_memo", checks.text(400)),
        *_AGENT,
    ),
    "SGBX": (
        *_PERSON,
        need("med_type", checks.code("11", "21", "13")),
        need("fixmedins_name", checks.text(200)),
        need("begndate", _DATE),
        need("enddate", _DATE),
        need("medfee_sumamt", _MONEY),
        need("invo_cnt", checks.integer(1, 200)),
        may("oth_pay", _MONEY),
        need("third_duty_flag", _FLAG),
        *_ACCOUNT,
        *_AGENT,
    ),
    "YLJZ": (
        *_PERSON,
        need("psn_type", checks.code("1", "2", "3", "4", "5")),
        need("family_size", checks.integer(1, 20)),
        need("family_income", _MONEY, when("psn_type", "5")),
        need("patn_name", _NAME),
        need("patn_certno", checks.identity),
        need("dise_name", checks.text(200)),
        need("medfee_sumamt", _MONEY),
        need("fund_pay_sumamt", _MONEY),
        need("psn_pay", _MONEY),
        *_ACCOUNT,
        *_AGENT,
    ),
}

ENROLMENTS: Final = frozenset({"CBDJ_JM", "CBDJ_ZG"})
"""Shut out while the insurance year changes."""

AT_ONCE: Final = ENROLMENTS | {"YDJYBA"}


def check(operation: str, body: Body) -> list[Complaint]:
    """Return everything wrong with a message's input."""
    return checks.complaints(body, FIELDS[operation])


def business_key(operation: str, body: Body) -> str | None:
    """Return what can be enrolled once; None for what may be applied for again and again."""
    if operation == "CBDJ_JM":
        return f"JM:{body['certno']}:{body['insu_year']}"
    if operation == "CBDJ_ZG":
        return f"ZG:{body.get('uscc', '')}:{body['certno']}:{body['insu_ym']}"
    return None


def is_in_another_province(operation: str, body: Body) -> bool:
    return operation == "YDJYBA" and not str(body["mdtrtarea_admvs"]).startswith(HOME_PROVINCE)


def decide(operation: str, body: Body) -> Decision:
    """Return the decision on an input that passed `check`: status 0 or -1."""
    match operation:
        case "MTBZRD":
            return _recognise(body)
        case "SGBX":
            return _reimburse(body)
        case "YLJZ":
            return _assist(body)
        case "YDJYBA":
            return Decision(status="0", facts={"memo": "备案成功", "valid_until": body.get("enddate", "长期")})
        case _:
            return Decision(status="0", facts={"memo": "参保登记成功"})


def _refused(reason: str) -> Decision:
    return Decision(status="-1", facts={"memo": reason})


def _recognise(body: Body) -> Decision:
    if body["opsp_dise_code"] == OTHER_DISEASE and not body.get("drug_memo"):
        return _refused("未注明主要用药，无法核定目录内病种")
    return Decision(status="0", facts={"memo": "认定通过", "opsp_dise_code": body["opsp_dise_code"]})


def _amount(body: Body, name: str) -> float:
    return float(str(body.get(name, 0)))


def _reimburse(body: Body) -> Decision:
    if body["third_duty_flag"] == "1":
        return _refused("属于第三方责任支付的费用，不予报销")
    left = _amount(body, "medfee_sumamt") - _amount(body, "oth_pay")
    if left <= 0:
        return _refused("费用已由其他渠道全额支付")
    share = {"11": 0.5, "21": 0.7, "13": 0.65}[str(body["med_type"])]
    return Decision(status="0", facts={"memo": "审核通过", "fund_pay_sumamt": f"{left * share:.2f}"})


def _assist(body: Body) -> Decision:
    if body["psn_type"] == "5" and _amount(body, "family_income") / _amount(body, "family_size") > MOST_INCOME_A_HEAD:
        return _refused("家庭人均年收入超过因病致贫认定标准")
    if _amount(body, "psn_pay") <= 0:
        return _refused("个人自付费用为零，无救助费用")
    share = {"1": 1.0, "2": 0.75, "3": 0.65, "4": 0.75, "5": 0.5}[str(body["psn_type"])]
    return Decision(status="0", facts={"memo": "救助核定通过", "assist_amt": f"{_amount(body, 'psn_pay') * share:.2f}"})
