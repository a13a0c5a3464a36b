"""What flows back, held against every guide and every event fan-out that is declared, none left out.

Issue: on completion each guide's `data_reflux` fields go to the declared consumers with trigger and receipt; the township
sees its own residents' results; OneWindow never hands personal data to a company itself.
"""

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.fanout import Announcement, Happening, announced, happenings_of, operation_for
from connectors.fanout_spec import OfAnnouncement, OfCase
from connectors.flows import read_flows
from connectors.notices import Head, content_of
from connectors.receivers import COMPANY_WORDS, is_company
from connectors.reflux import Moved, ResultRecord, notices_of, result_of
from demo.form_filler import make_form
from matters.case import Case, CaseStatus, Evidence, move
from matters.elements import Duration
from matters.guide import Matter
from matters.policy import Actor, Role, may_see_result
from tests.doubles.declared import declared_systems
from tests.doubles.house import matters

CONFIG = Path(__file__).parents[3] / "config"
FLOWS = read_flows(CONFIG)
REFLUX = FLOWS.reflux
SYSTEMS = declared_systems()
BUNDLES: Any = yaml.safe_load((CONFIG / "bundles/bundles.yaml").read_text("utf-8"))
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOME, WINDOW = "320206003", "320105007"
EVERY = sorted(matters())
SITUATIONS = [(each, situation.id) for each in EVERY for situation in matters()[each].guide.situations]
of_every_matter = pytest.mark.parametrize("matter_id", EVERY)


def granted(matter_id: str, situation: str = "", *, seed: int = 3) -> tuple[Matter, Moved]:
    """Return a filled case of a resident of `HOME`, taken in elsewhere, as its department has just granted it."""
    matter = matters()[matter_id]
    chosen = situation or matter.guide.situations[0].id
    document = yaml.safe_load(next(CONFIG.glob(f"matters*/{matter_id}.yaml")).read_text("utf-8"))
    filled = make_form(document, chosen, rng=random.Random(seed), at=date(2026, 11, 23))
    case = Case(
        number=f"{WINDOW}-261123-XX001-000001", query_code="ABCDEFGH", matter_id=matter.id, matter_name=matter.name,
        guide_version=1, situation=chosen, status=CaseStatus.SUBMITTED, form=dict(filled), applicant_name="测试甲",
        unit=f"{WINDOW}-bmfw", region=WINDOW, responsible_region=HOME, taken_in_by="王晓芸", received_at=AT,
        accepted_at=AT, promised=Duration(value=5, unit="working_day"),
    )  # fmt: skip
    evidence = Evidence(source=matter.target.system, who="部门", number="BM-1")
    after, event = move(case, CaseStatus.COMPLETED_APPROVED, at=AT, by=matter.target.system, evidence=evidence)
    return matter, Moved(case=after, event=event, facts={words[0]: f"说{item}" for item, words in REFLUX.facts.items()})


def result(matter_id: str, situation: str = "") -> tuple[Matter, Moved, ResultRecord]:
    matter, moved = granted(matter_id, situation)
    return matter, moved, result_of(moved, matter, REFLUX, "approved")


def test_every_guide_of_the_thirty_and_both_extensions_is_held_against_this() -> None:
    assert len([each for each in EVERY if not each.startswith("E")]) == 30
    assert len(EVERY) == 32


@of_every_matter
def test_every_declared_consumer_is_told_once_with_the_trigger_and_the_basis_or_named_as_never_told(
    matter_id: str,
) -> None:
    matter, _, kept = result(matter_id)
    declared = matter.guide.result.data_reflux
    told = list(notices_of(kept, matter, REFLUX))
    named = [consumer for notice in told for consumer in notice.consumers]
    assert sorted(named) == sorted(declared.consumers)
    for notice in told:
        assert notice.receiver is not None, notice.consumers
        assert notice.trigger == declared.trigger
        assert set(notice.fields) <= set(declared.fields)
        assert notice.receiver.by if notice.way == "never" else notice.receiver.basis


@pytest.mark.parametrize(("matter_id", "situation"), SITUATIONS)
def test_exactly_the_declared_fields_leave_and_nothing_else_of_the_form(matter_id: str, situation: str) -> None:
    matter, moved, kept = result(matter_id, situation)
    declared = set(matter.guide.result.data_reflux.fields)
    assert set(kept.items) <= declared
    passed_on = json.dumps(list(kept.items.values()), ensure_ascii=False)
    own = {key for key, value in moved.case.form.items() if isinstance(value, str) and len(value) > 5}
    leaked = {key for key in own if str(moved.case.form[key]) in passed_on} - _feeding(matter, declared)
    twins = {key for key in leaked if any(moved.case.form[key] == moved.case.form.get(k) for k in own - {key})}
    assert leaked - twins == set(), "a value of the form that no declared field stands for"


def _feeding(matter: Matter, declared: set[str]) -> set[str]:
    named = {key for keys in REFLUX.fields.get(matter.id, {}).values() for key in keys}
    return named | {field.key for field in matter.form.all_fields() if field.source in declared}


@of_every_matter
def test_every_declared_field_can_be_known_from_somewhere(matter_id: str) -> None:
    matter = matters()[matter_id]
    sources = {field.source for field in matter.form.all_fields()}
    sources |= {column.source for field in matter.form.all_fields() for column in field.columns}
    sources |= set(REFLUX.facts) | set(REFLUX.fields.get(matter_id, {}))
    for place, decided in REFLUX.decided.items():
        sources |= set(decided) if place.partition("/")[0] == matter_id else set()
    assert set(matter.guide.result.data_reflux.fields) - sources == set()


@of_every_matter
def test_the_township_of_the_resident_sees_the_result_and_no_other_clerk_does(matter_id: str) -> None:
    _, _, kept = result(matter_id)
    assert kept.region == HOME

    def sees(region: str, role: Role) -> bool:
        who = Actor(sub="s", name="n", roles=frozenset({role}), unit=f"{region}-u", region=region)
        return may_see_result(who, region=kept.region, unit=kept.unit, is_sensitive=kept.is_sensitive)

    assert sees(HOME, Role.CLERK) is not kept.is_sensitive
    assert sees(HOME, Role.MANAGER)
    assert sees(HOME[:6], Role.MANAGER)
    assert not sees(WINDOW, Role.CLERK)
    assert not sees(WINDOW, Role.MANAGER)
    assert not sees(HOME, Role.OWNER)


@of_every_matter
def test_no_company_is_handed_anything_by_us(matter_id: str) -> None:
    matter, _, kept = result(matter_id)
    for notice in notices_of(kept, matter, REFLUX):
        assert notice.receiver is not None
        companies = [each for each in notice.consumers if is_company(notice.receiver, each)]
        words = [word for word in COMPANY_WORDS for each in notice.consumers if word in each]
        if companies or words or notice.way == "never":
            assert (notice.way, notice.fields, notice.awaits_payment) == ("never", (), False), notice.consumers
            assert notice.receiver.system == notice.receiver.operation == ""


def test_what_is_sent_to_a_receivers_system_says_whose_basis_and_brings_back_a_receipt() -> None:
    for receiver in REFLUX.receivers:
        if receiver.way != "system":
            continue
        system = SYSTEMS[receiver.system]
        operation = system.operation(receiver.operation)
        if operation.manual:
            continue  # carried by hand: the desk asks for the receipt's number
        assert operation.request is not None, receiver.id
        rules = operation.outcomes or system.spec.outcomes
        assert any(_has_number(rule) for rule in rules) or system.spec.results is not None, receiver.id


def _has_number(rule: Any) -> bool:
    return getattr(rule, "department_number", None) is not None


def events() -> list[tuple[str, dict[str, Any]]]:
    return [(each["id"], each) for each in BUNDLES["event_fanouts"]]


@pytest.mark.parametrize(("fanout_id", "declared"), events())
def test_every_action_of_an_event_is_done_by_its_system_and_can_be_taken_back(
    fanout_id: str, declared: dict[str, Any]
) -> None:
    fanout = FLOWS.fanouts[fanout_id]
    assert [(a.action, a.matter) for a in fanout.actions] == [
        (each["action"], each["matter"] or "") for each in declared["actions"]
    ]
    assert fanout.note == declared["note"]
    for action, said in zip(fanout.actions, declared["actions"], strict=True):
        if action.how.reflux:
            told = REFLUX.by_id[action.how.reflux]
            assert (told.name, told.way) == (said["system"], "system")
        elif action.how.visit:
            assert said["system"] is None, "a visit is a person's: nobody is applied for by us"
        else:
            assert action.system == said["system"]
            assert operation_for(action, "act") in SYSTEMS[action.system].operations
            assert said["reversible"]
            assert operation_for(action, "undo") in SYSTEMS[action.system].operations


def happening(fanout_id: str) -> Happening:
    """Return an event of that fan-out, by whichever way it is reported first."""
    fanout = FLOWS.fanouts[fanout_id]
    for way in fanout.when:
        if isinstance(way, OfCase):
            matter, moved = granted(way.case, way.situation)
            if way.at == "accepted":
                accepted = moved.case.__class__(**{**_plain(moved.case), "status": CaseStatus.RECEIVED})
                after, event = move(accepted, CaseStatus.ACCEPTED, at=AT, by="w")
                moved = Moved(case=after, event=event)
            (found,) = (h for h in happenings_of(moved, matter, FLOWS.fanouts, REFLUX) if h.fanout is fanout)
            return found
        if isinstance(way, OfAnnouncement):
            told = Announcement(
                kind=way.announcement, system="s", event_id="e", items=dict.fromkeys((*fanout.fields, "person.phone"), "x"),
                region=HOME, received_at=AT,
            )  # fmt: skip
            (found,) = (h for h in announced(told, FLOWS.fanouts) if h.fanout is fanout)
            return found
    return Happening(
        fanout=fanout, source="scan", items=dict.fromkeys(fanout.fields, "x"), region=HOME, unit="", happened_at=AT
    )


def _plain(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in case.__dataclass_fields__}


@pytest.mark.parametrize("fanout_id", [id_ for id_, _ in events()])
def test_an_event_passes_on_who_it_is_about_and_only_its_own_fields(fanout_id: str) -> None:
    found = happening(fanout_id)
    assert set(found.items) <= set(found.fanout.fields)
    assert {f"{found.fanout.person}.name", f"{found.fanout.person}.id_number"} <= set(found.items)
    assert found.region == HOME


def test_relief_without_asking_is_the_monitoring_systems_to_pass_on_and_never_ours() -> None:
    """无感办理: we give the reflux of the granted case and keep what the platform answers; the companies hear of it there."""
    fanout = FLOWS.fanouts["F3-dibao-confirmed"]
    pushed = fanout.actions[-1]
    assert pushed.how.reflux == "mz-monitor"
    matter, _, kept = result("01-minimum-living-guarantee")
    told = {notice.receiver_id: notice for notice in notices_of(kept, matter, REFLUX)}
    assert (told["mz-monitor"].way, set(told["mz-monitor"].fields)) == ("system", set(kept.items))
    assert (told["utilities"].way, told["utilities"].fields) == ("never", ())
    receiver = REFLUX.by_id["utilities"]
    assert "低收入人口动态监测和精准帮扶平台" in receiver.by
    heard = SYSTEMS["mz-monitor"].spec.statuses
    said = {heard["MATCHED"], heard["NOT_MATCHED"], heard["REFUSED"]}
    assert said == {"completed_approved", "completed_refused", "not_accepted"}, "three answers, told apart"


def test_the_frozen_copy_of_a_notice_holds_its_fields_and_no_more() -> None:
    _, moved, kept = result("01-minimum-living-guarantee")
    head = Head(
        number="n", kind="reflux", status="new", action="", revision=1, case=kept.case_number, matter=kept.matter_id,
        matter_name=kept.matter_name, decided_at="", trigger="t", consumers="c", basis="b", region=HOME, unit="u",
    )  # fmt: skip
    content = content_of(head, kept.items)
    groups: Any = content["item"]
    assert {f"{p}.{n}" for p, group in groups.items() for n in group} == set(kept.items)
    assert "form" not in content
    assert str(moved.case.form["applicant_phone"]) not in json.dumps(content, ensure_ascii=False)
