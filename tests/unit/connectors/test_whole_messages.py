"""Whole messages of all systems: no longer than the department takes, and with nothing personal left once they are masked."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.errors import MappingRefused
from connectors.filters import Sealed
from connectors.ledger import Submission
from connectors.notices import Head, content_of
from connectors.redaction import redacting
from connectors.rendering import TOO_MANY, render
from connectors.spec import data_flow, load_systems
from connectors.submission import values_for
from matters.data_items import load_data_items
from matters.guide import Matter
from matters.masking import MaskRule, rule_of
from tests.doubles.departments import MATTERS, application, frozen, situations

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
SYSTEMS = load_systems(ROOT / "config" / "systems")
RULES = {item.id: item.mask for item in load_data_items(ROOT / "config" / "data_items.yaml").items}
SENT = [id_ for id_, m in MATTERS.items() if not SYSTEMS[m.target.system].operation(m.target.operation).manual]
RARE = {"rs-card": "𬍛", "gjj-core": "𬍛", "wj-reward": "珺"}


def rules_of(matter: Matter) -> Mapping[str, MaskRule]:
    """Return the rule of each path a mapping may read."""
    found: dict[str, MaskRule] = {}
    for field in matter.form.all_fields():
        found[f"form.{field.key}"] = MaskRule.NONE if field.columns else rule_of(field, RULES)
        for column in field.columns or ():
            found[f"form.{field.key}.{column.key}"] = rule_of(column, RULES)
    return found


def at_places(document: object, place: list[str]) -> Iterator[object]:
    """Yield what stands at a place of the message; `[]` is every row."""
    if not place:
        yield document
        return
    head, *rest = place
    name = head.removesuffix("[]")
    if name:
        document = document.get(name) if isinstance(document, Mapping) else None
    if head.endswith("[]"):
        for row in document if isinstance(document, list) else []:
            yield from at_places(row, rest)
    elif document is not None:
        yield from at_places(document, rest)


@pytest.mark.parametrize("matter_id", SENT)
def test_everything_personal_that_leaves_is_masked_however_it_is_written(matter_id: str) -> None:
    matter = MATTERS[matter_id]
    system = SYSTEMS[matter.target.system]
    operation, rules = system.operation(matter.target.operation), rules_of(matter)
    assert operation.request is not None
    assert operation.request.body is not None
    looked_at = 0
    for situation in situations(matter_id):
        submission, delivery = frozen(matter, application(matter_id, situation, seed=3))
        form = submission.content["form"]
        assert isinstance(form, dict)
        for key in [key for key, value in form.items() if key.endswith("_name") and isinstance(value, str)]:
            if rules[f"form.{key}"] is MaskRule.NAME:
                form[key] = f"贾{RARE.get(system.id, '玉')}宝"
        values = values_for(submission, delivery, at=AT, nonce="n" * 32, callback_url="")
        body = operation.request.body.render(values, "")
        shown = redacting(MATTERS, RULES, SYSTEMS)(submission).document(body)
        for flow in data_flow(operation):
            if all(rules.get(source, MaskRule.NONE) is MaskRule.NONE for source in flow.sources):
                continue
            place = flow.target.split(".")
            for sent, seen in zip(at_places(body, place), at_places(shown, place), strict=True):
                if sent in (None, "", []) or isinstance(sent, Sealed) or is_small(sent):
                    continue
                looked_at += 1
                assert seen != sent, flow
    assert looked_at


def is_small(sent: object) -> bool:
    """Tell whether it is an amount of a few yuan, which is the number of anything else too."""
    try:
        return float(str(sent)) < 10_000
    except ValueError:
        return False


def test_what_is_passed_on_of_a_case_is_masked_like_the_case() -> None:
    items = {
        "person.name": "贾宝玉",
        "person.id_number": "990101190001011230",
        "household.members": [{"name": "林黛玉", "id_number": "990101190001011249", "relation": "01"}],
    }
    head = Head(
        number="HL1", kind="reflux", status="new", action="", revision=1, case="c", matter="m", matter_name="低保",
        decided_at=AT.isoformat(), trigger="", consumers="", basis="", region="320105007", unit="u",
    )  # fmt: skip
    submission = Submission(id="s", case_number="HL1", created_at=AT, content=content_of(head, items), sha256="")
    hiding = redacting(MATTERS, RULES, SYSTEMS)(submission)
    shown = hiding.text("贾宝玉 990101190001011230 林黛玉 990101190001011249 低保")
    assert shown.endswith("低保")
    assert not any(told in shown for told in ("贾宝玉", "林黛玉", "01011230", "01011249"))


@pytest.mark.parametrize(("people", "goes"), [(100, True), (101, False)])
def test_more_people_than_a_batch_takes_are_not_sent_and_a_person_is_told(people: int, goes: bool) -> None:
    matter_id, system = "12-employee-insurance-enrolment", SYSTEMS["rs-employee-insurance"]
    matter = MATTERS[matter_id]
    submission, delivery = frozen(matter, application(matter_id, "add", seed=3))
    form = submission.content["form"]
    assert isinstance(form, dict)
    form["employees"] = [form["employees"][0]] * people
    values = {**values_for(submission, delivery, at=AT, nonce="n", callback_url=""), "session": "s"}
    request = system.operation(matter.target.operation).request
    assert request is not None
    if goes:
        assert render(request, values).body
        return
    with pytest.raises(MappingRefused) as refused:
        render(request, values)
    assert (refused.value.target, refused.value.reason) == ("rows.row", TOO_MANY)
