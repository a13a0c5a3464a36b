"""Receipts: what domain.md c.4 asks for, and nothing that names a person in full."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from demo.forms import Application
from matters.case import Case, CaseStatus
from matters.guide import Matter
from matters.material import MaterialProof, ProofKind
from matters.receipt import NOT_ACCEPTANCE, PROVISIONAL, DocumentKind, make_receipt

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
PROOFS = (
    MaterialProof(material="application_form", kind=ProofKind.PAPER, originals=1),
    MaterialProof(material="id_card", kind=ProofKind.EXEMPT),
    MaterialProof(material="income_proof", kind=ProofKind.DEFERRED),
)


def case_of(each: Matter, form: dict[str, Any], *, accepted: bool) -> Case:
    return Case(
        number="320105007-261122-MZ004-000001", query_code="7KQ2M9XD", matter_id=each.id, matter_name=each.name,
        guide_version=1, situation="expenditure", status=CaseStatus.ACCEPTED if accepted else CaseStatus.RECEIVED,
        form=form, applicant_name=str(form["applicant_name"]), unit="u", region="320105007",
        responsible_region="320105007", taken_in_by="王晓芸", received_at=AT, accepted_at=AT if accepted else None,
        promised=each.promised("expenditure"), promised_on=date(2026, 12, 4),
    )  # fmt: skip


def test_an_accepted_case_gets_its_notice(matter: Callable[[str], Matter], apply: Callable[..., Application]) -> None:
    each = matter("04")
    receipt = make_receipt(
        each, case_of(each, apply("04", "expenditure").form, accepted=True), PROOFS, unit_name="云桥街道便民服务中心"
    )
    assert receipt.kind is DocumentKind.ACCEPTED
    assert (receipt.number, receipt.query_code) == ("320105007-261122-MZ004-000001", "7KQ2M9XD")
    assert (receipt.promised_on, receipt.promised.value) == (date(2026, 12, 4), 10)
    assert receipt.not_counted == ("公示（支出型）",)
    assert [line.how for line in receipt.lines] == ["纸质", "免提交", "容缺后补"]
    assert receipt.lines[1].source == "居民身份证电子证照"
    assert receipt.still_missing == ("收入证明",)
    assert receipt.missing_by is not None
    assert receipt.missing_by.value == 10
    assert receipt.statements == ()
    assert receipt.hotline == "12345"


def test_what_was_only_taken_in_says_that_it_is_no_acceptance(
    matter: Callable[[str], Matter], apply: Callable[..., Application]
) -> None:
    each = matter("04")
    case = case_of(each, apply("04", "expenditure").form, accepted=False)
    receipt = make_receipt(each, case, PROOFS, unit_name="u", is_provisional=True)
    assert receipt.kind is DocumentKind.RECEIVED
    assert receipt.promised_on is None
    assert receipt.statements == (NOT_ACCEPTANCE, PROVISIONAL)


def test_a_receipt_holds_no_number_phone_or_address(
    matter: Callable[[str], Matter], apply: Callable[..., Application]
) -> None:
    each, form = matter("04"), apply("04", "expenditure").form
    receipt = make_receipt(each, case_of(each, form, accepted=True), PROOFS, unit_name="u")
    shown = str(receipt)
    for key in ("applicant_name", "applicant_id_number", "applicant_phone", "applicant_address", "bank_account_no"):
        assert str(form[key]) not in shown
    assert "7KQ2M9XD" not in shown
