"""The documents a window hands over (domain.md c.4), as data: pages and print views give them their look.

收件回执 says what was taken and that this is not acceptance; 受理通知书 says when it will be done. Both are made from the
case as it was accepted and never hold an identity number, a phone or an address.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from matters.case import Case
from matters.elements import Duration
from matters.guide import Matter
from matters.masking import mask_name
from matters.material import MaterialProof, ProofKind, deferred
from matters.messages import N_

HOTLINE = "12345"


class DocumentKind(StrEnum):
    RECEIVED = N_("收件回执")
    ACCEPTED = N_("受理通知书")


PROOF_NAMES: Mapping[ProofKind, str] = {
    ProofKind.PAPER: N_("纸质"),
    ProofKind.FILE: N_("电子文件"),
    ProofKind.EXEMPT: N_("免提交"),
    ProofKind.DEFERRED: N_("容缺后补"),
}

NOT_ACCEPTANCE = N_("本回执仅表示收到材料，不代表已经受理；是否受理由业务部门决定并另行告知。")
PROVISIONAL = N_("跨年日期以国务院办公厅公布的节假日安排为准。")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """One material as taken in. `how` is a name out of PROOF_NAMES; an exemption shows where it was read from."""

    material: str
    material_en: str
    how: str
    originals: int
    duplicates: int
    files: int
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Content of a receipt. Sentences in `statements` are msgids; names are as the guide writes them."""

    kind: DocumentKind
    number: str
    query_code: str = field(repr=False)
    matter_name: str
    matter_name_en: str
    matter_code: str
    guide_version: int
    situation_name: str
    situation_name_en: str
    applicant: str
    issuing_body: str
    taken_in_by: str
    received_at: datetime
    accepted_at: datetime | None
    promised: Duration
    promised_on: date | None
    is_provisional: bool
    not_counted: tuple[str, ...]
    fee_note: str
    lines: tuple[ReceiptLine, ...]
    still_missing: tuple[str, ...]
    missing_by: Duration | None
    result_name: str
    delivery: tuple[str, ...]
    statements: tuple[str, ...]
    hotline: str = HOTLINE


def make_receipt(
    matter: Matter,
    case: Case,
    materials: Iterable[MaterialProof],
    *,
    unit_name: str,
    is_provisional: bool = False,
) -> Receipt:
    """Return the acceptance notice of an accepted case, else the receipt of what was taken in."""
    proofs = tuple(materials)
    guide, situation = matter.guide, matter.situation(case.situation)
    is_accepted = case.accepted_at is not None
    tolerance = guide.acceptance_criteria.tolerance
    missing = deferred(matter, proofs)
    return Receipt(
        kind=DocumentKind.ACCEPTED if is_accepted else DocumentKind.RECEIVED,
        number=case.number,
        query_code=case.query_code,
        matter_name=matter.name,
        matter_name_en=matter.name_en,
        matter_code=guide.basic_info.item_code,
        guide_version=case.guide_version,
        situation_name=situation.name,
        situation_name_en=situation.name_en,
        applicant=mask_name(case.applicant_name),
        issuing_body=unit_name,
        taken_in_by=case.taken_in_by,
        received_at=case.received_at,
        accepted_at=case.accepted_at,
        promised=case.promised,
        promised_on=case.promised_on if is_accepted else None,
        is_provisional=is_provisional,
        not_counted=_not_counted(matter),
        fee_note=guide.fees.note,
        lines=tuple(_line(matter, proof) for proof in proofs if proof.material in matter.materials_by_id),
        still_missing=tuple(material.name for material in missing),
        missing_by=tolerance.deadline if missing else None,
        result_name=guide.result.name,
        delivery=guide.result.delivery,
        statements=_statements(is_accepted=is_accepted, is_provisional=is_provisional),
    )


def _not_counted(matter: Matter) -> tuple[str, ...]:
    procedures = (p.name for p in matter.guide.process.special_procedures if not p.counted)
    return (*matter.guide.time_limits.excluded_periods, *procedures)


def _line(matter: Matter, proof: MaterialProof) -> ReceiptLine:
    material = matter.materials_by_id[proof.material]
    is_exempt = proof.kind is ProofKind.EXEMPT
    return ReceiptLine(
        material=material.name,
        material_en=material.name_en,
        how=PROOF_NAMES[proof.kind],
        originals=proof.originals,
        duplicates=proof.duplicates,
        files=len(proof.files),
        source=(proof.source or material.exemption.reference) if is_exempt else None,
    )


def _statements(*, is_accepted: bool, is_provisional: bool) -> tuple[str, ...]:
    statements = [] if is_accepted else [NOT_ACCEPTANCE]
    return tuple(statements + ([PROVISIONAL] if is_provisional else []))
