"""What a department is told of people is computed, guide by guide."""

from pathlib import Path

import pytest

from connectors.data_use import comes_back, data_uses, never_sent
from matters.data_items import load_data_items
from matters.masking import MaskRule
from tests.doubles.declared import declared_matters, declared_systems

ROOT = Path(__file__).parents[3]
SYSTEMS = declared_systems()
MATTERS = declared_matters()
MASKS = {item.id: item.mask for item in load_data_items(ROOT / "config/data_items.yaml").items}


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_every_guide_of_a_system_is_told_with_what_is_sent_and_what_is_not(system: str) -> None:
    uses = data_uses(SYSTEMS[system], MATTERS, MASKS)
    mine = {m.id for m in MATTERS if m.target.system == system}
    assert {use.matter.id for use in uses if use.matter} == mine
    for use in uses:
        if use.matter is None or use.operation.manual:
            continue
        sent = {source.field.key for each in use.uses for source in each.sources if source.field}
        unsent = {field.key for field in use.unsent}
        assert not sent & unsent
        assert use.personal


def test_an_identity_number_is_marked_and_a_number_of_ours_is_not() -> None:
    [use] = [u for u in data_uses(SYSTEMS["mz-elder"], MATTERS, MASKS) if u.operation.name == "ZLJ_APPLY"]
    sources = {source.path: source for each in use.uses for source in each.sources}
    assert sources["form.applicant_id_number"].mask is MaskRule.ID_NUMBER
    assert sources["form.applicant_phone"].is_personal
    assert not sources["case.number"].is_personal


def test_what_a_notice_passes_on_is_marked_by_its_data_item() -> None:
    notices = [u for u in data_uses(SYSTEMS["mz-elder"], MATTERS, MASKS) if u.is_of_notices]
    assert notices
    assert all(use.matter is None for use in notices)
    assert MaskRule.ID_NUMBER in {source.mask for use in notices for source in use.personal}


def test_a_field_is_never_sent_only_when_no_operation_sends_it() -> None:
    for system in SYSTEMS.values():
        uses = data_uses(system, MATTERS, MASKS)
        sent = {source.field.key for use in uses for each in use.uses for source in each.sources if source.field}
        assert not sent & {field.key for field in never_sent(uses)}


def test_each_way_back_is_told_with_what_is_read() -> None:
    ways = {each.way: dict(each.reads) for each in comes_back(SYSTEMS["mz-elder"])}
    assert "status" in ways["callback"]
    assert [each.way for each in comes_back(SYSTEMS["rs-card"])] == ["results"]
