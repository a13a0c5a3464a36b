"""What flows back and what follows: who is told which fields when, pure."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.fanout import Announcement, announced, happenings_of
from connectors.fanout_spec import Scan, load_fanouts
from connectors.flows import problems_of, read_flows
from connectors.happenings import span
from connectors.notices import Head, content_of, known_as
from connectors.receivers import load_reflux, read_trigger, unmapped
from connectors.reflux import (
    Moved,
    ResultRecord,
    amended,
    decision_of,
    goes_at,
    is_amendment,
    items_of,
    notices_of,
    result_of,
)
from connectors.spec import load_systems
from matters.case import Case, CaseStatus, Evidence, move, remark, report
from matters.data_items import load_data_items
from matters.elements import Duration
from matters.errors import DeclaredDataInvalid
from tests.doubles.house import matters

CONFIG = Path(__file__).parents[3] / "config"
FLOWS = read_flows(CONFIG)
REFLUX = FLOWS.reflux
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DEPARTMENT = Evidence(source="mz-assist", who="民政", number="SHJZ1")
DIBAO = "01-minimum-living-guarantee"
FORM = {"applicant_name": "测试甲", "applicant_id_number": "99010119020301123X", "applicant_phone": "13900000000"}


def case(matter: str = DIBAO, *, situation: str = "", form: dict[str, object] | None = None) -> Case:
    guide = matters()[matter]
    return Case(
        number="320105007-261123-MZ001-000001",
        query_code="ABCDEFGH",
        matter_id=matter,
        matter_name=guide.name,
        guide_version=1,
        situation=situation or guide.guide.situations[0].id,
        status=CaseStatus.SUBMITTED,
        form=FORM if form is None else form,
        applicant_name="测试甲",
        unit="320105007-bmfw",
        region="320105007",
        responsible_region="320105007",
        taken_in_by="王晓芸",
        received_at=AT,
        accepted_at=AT,
        promised=Duration(value=25, unit="working_day"),
    )


def granted(of: Case, facts: dict[str, str] | None = None, evidence: Evidence | None = DEPARTMENT) -> Moved:
    after, event = move(of, CaseStatus.COMPLETED_APPROVED, at=AT, by="mz-assist", evidence=evidence)
    return Moved(case=after, event=event, facts=facts or {})


def result(of: Case, facts: dict[str, str] | None = None) -> ResultRecord:
    return result_of(granted(of, facts), matters()[of.matter_id], REFLUX, "approved")


def test_what_is_shipped_holds_together_and_every_consumer_has_a_receiver() -> None:
    systems, items = load_systems(CONFIG / "systems"), load_data_items(CONFIG / "data_items.yaml")
    every = list(matters().values())
    assert problems_of(FLOWS, systems=systems, matters=every, items=items) == []
    assert {matter.id: unmapped(REFLUX, matter) for matter in every if unmapped(REFLUX, matter)} == {}


def test_only_a_decision_with_evidence_flows_back() -> None:
    assert decision_of(granted(case())) == "approved"
    assert decision_of(granted(case(), evidence=None)) is None
    under_review, event = move(case(), CaseStatus.IN_REVIEW, at=AT, by="x", evidence=DEPARTMENT)
    assert decision_of(Moved(case=under_review, event=event)) is None


def test_exactly_the_declared_fields_are_passed_on() -> None:
    found = items_of(matters()[DIBAO], case(), {"补贴类别": "低保", "月发放金额（元）": "860.00", "备注": "x"}, REFLUX)
    assert set(found) <= set(matters()[DIBAO].guide.result.data_reflux.fields)
    assert found["assistance.amount"] == "860.00"
    assert "13900000000" not in str(found)


def test_an_approval_says_what_it_means_unless_the_department_says_more() -> None:
    said = items_of(matters()[DIBAO], case(), {}, REFLUX)["assistance.category"]
    assert said == "dibao"
    roster = "12-employee-insurance-enrolment"
    ended = case(roster, situation="remove", form={"employees": [{"name": "甲"}, {"name": "乙"}]})
    found = items_of(matters()[roster], ended, {}, REFLUX)
    assert (found["insurance.employee_status"], found["person.name"]) == ("终止参保", ["甲", "乙"])


def test_the_receivers_of_the_guide_are_told_and_companies_never() -> None:
    told = {each.receiver_id: each for each in notices_of(result(case()), matters()[DIBAO], REFLUX)}
    assert {id_: each.way for id_, each in told.items()} == {
        "township": "portal", "county-mz": "system", "mz-monitor": "system", "utilities": "never",
    }  # fmt: skip
    assert told["utilities"].fields == ()
    assert told["township"].consumers == ("乡镇（街道）便民服务中心", "村（社区）网格员")


def test_a_refusal_is_for_the_township_only_and_names_the_person_only() -> None:
    refused = result_of(granted(case()), matters()[DIBAO], REFLUX, "refused")
    assert [each.receiver_id for each in notices_of(refused, matters()[DIBAO], REFLUX)] == ["township"]
    assert set(refused.items) == {"person.name", "person.id_number"}


def test_a_consumer_nobody_maps_is_shown_and_not_dropped() -> None:
    bare = REFLUX.model_copy(update={"receivers": ()})
    bare.__dict__.pop("by_consumer", None)
    told = list(notices_of(result(case()), matters()[DIBAO], bare))
    assert {each.way for each in told} == {"nobody"}
    assert len(told) == len(matters()[DIBAO].guide.result.data_reflux.consumers)


def test_what_is_told_after_payment_waits_for_the_proof_of_it() -> None:
    relief = "04-temporary-assistance"
    waits = list(notices_of(result(case(relief)), matters()[relief], REFLUX))
    assert all(each.awaits_payment for each in waits)
    paid = result(case(relief), {"发放日期": "2026-11-23"})
    assert not any(each.awaits_payment for each in notices_of(paid, matters()[relief], REFLUX))


@pytest.mark.parametrize(
    ("text", "when", "sensitive"),
    [
        ("办结后实时", "at_once", False),
        ("办结后批量回流", "batch", False),
        ("发放后实时", "after_payment", False),
        ("办结后实时，严格权限", "at_once", True),
        ("办结后实时，敏感数据仅授权岗位可见", "at_once", True),
    ],
)
def test_the_words_of_a_trigger_are_understood(text: str, when: str, sensitive: bool) -> None:
    trigger = read_trigger(text)
    assert trigger is not None
    assert (trigger.when, trigger.is_sensitive) == (when, sensitive)


def test_other_words_are_not_guessed_and_count_as_sensitive() -> None:
    assert read_trigger("随便什么时候") is None
    assert read_trigger("办结后实时，也许") is None


def test_a_batch_goes_at_two_in_the_morning_of_beijing() -> None:
    trigger = read_trigger("办结后批量回流")
    assert trigger is not None
    assert goes_at(trigger, REFLUX, AT) == datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    assert goes_at(trigger, REFLUX, datetime(2026, 11, 23, 17, 59, tzinfo=UTC)) == datetime(
        2026, 11, 23, 18, 0, tzinfo=UTC
    )


def test_a_correction_names_what_changed_and_the_same_words_again_change_nothing() -> None:
    first, done = result(case()), granted(case())
    after, event = report(done.case, CaseStatus.COMPLETED_APPROVED, at=AT, by="mz-assist", evidence=DEPARTMENT)
    said = Moved(case=after, event=event, facts={"月发放金额（元）": "700.00"})
    assert is_amendment(said)
    second, fields = amended(first, said, matters()[DIBAO], REFLUX)
    assert (fields, second.items["assistance.amount"], second.revision) == (("assistance.amount",), "700.00", 2)
    assert amended(second, said, matters()[DIBAO], REFLUX) == (second, ())


def test_a_decision_taken_back_revokes_the_result_once() -> None:
    first, done = result(case()), granted(case())
    after, event = report(done.case, CaseStatus.COMPLETED_REFUSED, at=AT, by="mz-assist", evidence=DEPARTMENT)
    second, fields = amended(first, Moved(case=after, event=event), matters()[DIBAO], REFLUX)
    assert second.decision == "revoked"
    assert set(fields) == set(first.items)
    assert amended(second, Moved(case=after, event=event), matters()[DIBAO], REFLUX)[1] == ()


def test_a_late_report_corrects_nothing() -> None:
    done = granted(case())
    after, event = remark(done.case, at=AT, by="x", evidence=DEPARTMENT, note="late:in_review")
    assert not is_amendment(Moved(case=after, event=event, facts={"月发放金额（元）": "1"}))


def test_a_copy_has_its_fields_by_path_and_a_number_of_its_own_each_time() -> None:
    assert [known_as("N-H1", position) for position in (1, 2, 3)] == ["N-H1", "N-H1-2", "N-H1-3"]
    head = Head(
        number="N-H1", kind="reflux", status="new", action="", revision=1, case="N", matter="m", matter_name="M",
        decided_at="", trigger="t", consumers="c", basis="b", region="r", unit="u",
    )  # fmt: skip
    content = content_of(head, {"person.name": "甲", "assistance.amount": "1"})
    assert content["item"] == {"person": {"name": "甲"}, "assistance": {"amount": "1"}}
    assert content["case"] == {
        "number": "N-H1", "matter": "m", "matter_name": "M", "accepted_at": "", "received_at": "", "region": "r",
        "unit": "u",
    }  # fmt: skip


def _write(tmp_path: Path, change: Any) -> Path:
    document = yaml.safe_load((CONFIG / "reflux.yaml").read_text("utf-8"))
    change(document)
    file = tmp_path / "reflux.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return file


def _map_company(document: Any) -> None:
    document["receivers"].append(
        {"id": "gas", "name": "某燃气公司", "name_en": "Gas", "way": "hand", "consumers": ["燃气公司"], "basis": "b"}
    )


def _hide_company(document: Any) -> None:
    utilities = next(each for each in document["receivers"] if each["id"] == "utilities")
    utilities |= {"way": "hand", "kind": "public_body", "basis": "b"}
    del utilities["by"]


def _map_twice(document: Any) -> None:
    document["receivers"][1]["consumers"].append(document["receivers"][0]["consumers"][0])


def _without_basis(document: Any) -> None:
    document["receivers"][1]["basis"] = ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_map_company, "a company"),
        (_hide_company, "a company"),
        (_map_twice, "already"),
        (_without_basis, "legal basis"),
    ],
)
def test_a_company_a_second_receiver_and_a_missing_basis_are_refused_at_load(
    tmp_path: Path, change: Any, said: str
) -> None:
    with pytest.raises(DeclaredDataInvalid, match=said):
        load_reflux(_write(tmp_path, change))


def test_a_receiver_without_system_or_operation_is_found_by_lint(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["receivers"][1]["operation"] = "NO_SUCH"
        document["receivers"][2]["system"] = "nowhere"

    flows = replace(FLOWS, reflux=load_reflux(_write(tmp_path, change)))
    found = problems_of(
        flows,
        systems=load_systems(CONFIG / "systems"),
        matters=list(matters().values()),
        items=load_data_items(CONFIG / "data_items.yaml"),
    )
    assert any("NO_SUCH" in line for line in found)
    assert any("nowhere" in line for line in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["fanouts"].pop(), "expected how its actions"),
        (lambda d: d["fanouts"][0]["actions"].pop(), "expected 4"),
        (lambda d: d["fanouts"][0]["actions"][0].pop("undo"), "expected undo"),
        (lambda d: d["fanouts"][0].update(fields=["deceased.name"]), "deceased.id_number"),
    ],
)
def test_a_fan_out_that_differs_from_what_is_declared_is_refused_at_load(
    tmp_path: Path, change: Any, said: str
) -> None:
    document = yaml.safe_load((CONFIG / "fanouts.yaml").read_text("utf-8"))
    change(document)
    file = tmp_path / "fanouts.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    with pytest.raises(DeclaredDataInvalid, match=said):
        load_fanouts(CONFIG / "bundles" / "bundles.yaml", file)


def test_a_cancellation_means_a_death_only_where_somebody_died() -> None:
    cancellation = "11-resident-pension-cancellation"
    form = {"deceased_name": "测试乙", "deceased_id_number": "990101190203011230", "event_date": "2026-11-01"}

    def found(situation: str) -> list[str]:
        of = replace(case(cancellation, situation=situation, form=form), status=CaseStatus.RECEIVED, accepted_at=None)
        after, event = move(of, CaseStatus.ACCEPTED, at=AT, by="window", evidence=Evidence(source="window", who="王"))
        moved = Moved(case=after, event=event)
        return [h.id_number for h in happenings_of(moved, matters()[cancellation], FLOWS.fanouts, REFLUX)]

    assert found("death") == ["990101190203011230"]
    assert found("other") == []


def test_an_announcement_carries_no_more_than_the_fan_out_declares() -> None:
    said = Announcement(
        kind="death",
        system="mz-monitor",
        event_id="E1",
        items={"deceased.name": "测试乙", "deceased.id_number": "990101190203011230", "person.phone": "139"},
        region="320105007",
        received_at=AT,
    )
    (happening,) = announced(said, FLOWS.fanouts)
    assert set(happening.items) == {"deceased.name", "deceased.id_number"}
    assert list(announced(replace(said, kind="wedding"), FLOWS.fanouts)) == []


def test_eighty_within_thirty_days_counts_birthdays_over_leap_years() -> None:
    scan = Scan(age=80, within_days=30, without="05-elder-respect-allowance")
    assert span(scan, date(2026, 11, 23)) == (date(1946, 11, 23), date(1946, 12, 23))
    assert span(replace_scan(scan, 1), date(2028, 2, 29)) == (date(1948, 2, 29), date(1948, 3, 1))
    assert span(replace_scan(scan, 0), date(2025, 2, 28)) == (date(1945, 2, 28), date(1945, 2, 28))


def replace_scan(scan: Scan, days: int) -> Scan:
    return scan.model_copy(update={"within_days": days})
