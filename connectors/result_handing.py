"""Handing over a result (送达): to whom and how, as it is kept. Pure; domain.md c.1, c.4 (送达回证: who, when, how)."""

from dataclasses import dataclass, field
from enum import StrEnum

from connectors.messages import N_
from matters.case import Evidence
from matters.masking import mask_name

LONGEST_NAME, LONGEST_REFERENCE = 50, 50


class HandingWay(StrEnum):
    IN_PERSON = "in_person"  # 本人到窗口领取
    AGENT = "agent"  # somebody else, only with the applicant's authorisation
    POST = "post"  # by post, with the number it can be followed under
    ELECTRONIC = "electronic"  # an electronic licence or document, taken up by the applicant


WAY_WORDS = {
    HandingWay.IN_PERSON: N_("本人领取"),
    HandingWay.AGENT: N_("他人代领"),
    HandingWay.POST: N_("邮寄送达"),
    HandingWay.ELECTRONIC: N_("电子送达"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandingOver:
    """What the clerk typed: `receiver` names an agent, `reference` a parcel; `authorised` says that the papers were seen."""

    way: HandingWay | None = None
    receiver: str = field(default="", repr=False)
    reference: str = ""
    authorised: bool = False


def wrong_in(handing: HandingOver) -> dict[str, str]:
    """Return what is wrong, by field; sentences are msgids."""
    wrong: dict[str, str] = {}
    match handing.way:
        case None:
            wrong["way"] = N_("请选择送达方式。")
        case HandingWay.AGENT:
            if not 2 <= len(handing.receiver) <= LONGEST_NAME:
                wrong["receiver"] = N_("请填写代领人的姓名。")
            if not handing.authorised:
                wrong["authorised"] = N_("没有授权委托书不能由他人代领。请核验后勾选。")
        case HandingWay.POST if not 4 <= len(handing.reference) <= LONGEST_REFERENCE:
            wrong["reference"] = N_("请填写邮寄单号，便于查询是否送到。")
    return wrong


def evidence_of(handing: HandingOver, clerk: str) -> Evidence:
    """Return what is kept of it. An agent is named masked: whole names stand on the signed paper only."""
    note: str | None = None
    match handing.way:
        case HandingWay.AGENT:
            note = f"代领人：{mask_name(handing.receiver)}，已核验授权委托书和身份证件"
        case HandingWay.IN_PERSON:
            note = "本人领取，已核验身份证件"
        case HandingWay.POST:
            note = "邮寄送达"
        case HandingWay.ELECTRONIC:
            note = "电子送达"
        case None:
            pass
    is_posted = handing.way is HandingWay.POST
    return Evidence(source="window", who=clerk, number=handing.reference if is_posted else None, note=note)
