"""HTML form posts: typed values and back, and nothing typed is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.forms import Application, situations
from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter
from matters.posted import add_row, merge_section, parse_posted, remove_row, render_posted

MatterOf = Callable[[str], Matter]


def test_generated_applications_go_to_the_page_and_come_back(
    all_matters: tuple[Matter, ...], apply: Callable[..., Application]
) -> None:
    for each in all_matters:
        for situation in situations(each.document()):
            form = apply(each.number, situation).form
            assert parse_posted(each, render_posted(each, form)).values == form


TYPED = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20).filter(lambda text: text.strip())


def values_of(column: Column) -> st.SearchStrategy[Any]:
    match column.type:
        case FieldType.BOOLEAN:
            return st.booleans()
        case FieldType.INTEGER | FieldType.YEAR:
            return st.integers(-(10**11), 10**11)
        case FieldType.NUMBER:
            return st.integers(-(10**11), 10**11) | st.decimals(-(10**6), 10**6, places=3, allow_nan=False).map(float)
        case FieldType.MULTI_ENUM:
            return st.lists(st.sampled_from([option.code for option in column.options]), min_size=1, unique=True)
        case _:
            return TYPED


def drafts_of(each: Matter) -> st.SearchStrategy[dict[str, Any]]:
    def of_field(field: FormField) -> st.SearchStrategy[Any]:
        if field.columns:
            row = st.fixed_dictionaries({}, optional={column.key: values_of(column) for column in field.columns})
            return st.lists(row, max_size=3)
        return values_of(field)

    return st.fixed_dictionaries({}, optional={field.key: of_field(field) for field in each.form.all_fields()})


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_draft_goes_to_the_page_and_comes_back(data: st.DataObject, all_matters: tuple[Matter, ...]) -> None:
    each = data.draw(st.sampled_from(all_matters))
    draft = data.draw(drafts_of(each))
    assert parse_posted(each, render_posted(each, draft)).values == draft


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(
            st.text(max_size=30) | st.sampled_from(["household_members.0.name", "by_agent", "household_size"]),
            st.text(max_size=30),
        ),
        max_size=20,
    )
)
def test_any_post_is_read_without_failing(pairs: list[tuple[str, str]], matter: MatterOf) -> None:
    posted = parse_posted(matter("04"), pairs)
    assert set(posted.values) <= set(matter("04").fields_by_key)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("by_agent", "true", True),
        ("by_agent", "false", False),
        ("by_agent", "yes", "yes"),
        ("household_size", "３", 3),
        ("household_size", "两个", "两个"),
        ("household_size", "9" * 40, "9" * 40),
        ("expense_total", "1,200元", "1,200元"),
        ("applicant_name", " 张三 ", " 张三 "),
    ],
)
def test_texts_become_values_or_stay_what_was_typed(matter: MatterOf, name: str, text: str, value: object) -> None:
    assert parse_posted(matter("04"), [(name, text)]).values == {name: value}


def test_blank_fields_are_left_out_and_the_last_text_of_several_counts(matter: MatterOf) -> None:
    pairs = [
        ("applicant_name", "  "),
        ("by_agent", "false"),
        ("by_agent", "true"),
        ("bank_name", "甲"),
        ("bank_name", ""),
    ]
    assert parse_posted(matter("04"), pairs).values == {"by_agent": True, "bank_name": "甲"}


def test_rows_keep_their_order_and_gaps_close(matter: MatterOf) -> None:
    pairs = [
        ("household_members.7.name", "丙"),
        ("household_members.2.name", "甲"),
        ("household_members.2.relation", "01"),
    ]
    assert parse_posted(matter("04"), pairs).values["household_members"] == [
        {"name": "甲", "relation": "01"},
        {"name": "丙"},
    ]


def test_a_list_without_rows_was_still_on_the_page(matter: MatterOf) -> None:
    assert parse_posted(matter("04"), [("household_members._rows", "0")]).values == {"household_members": []}
    assert parse_posted(matter("04"), [("household_members.0.name", "")]).values == {"household_members": [{}]}


def test_choices_are_repeated_values(matter: MatterOf) -> None:
    pairs = [
        ("insurance_types", "110"),
        ("insurance_types", "310"),
        ("insurance_types", "110"),
        ("insurance_types._shown", "1"),
    ]
    assert parse_posted(matter("30"), pairs).values == {"insurance_types": ["110", "310"]}
    assert parse_posted(matter("30"), [("insurance_types._shown", "1")]).values == {}


def test_names_nobody_knows_are_reported_and_the_pages_own_are_not(matter: MatterOf) -> None:
    pairs = [
        ("surprise", "1"), ("_csrf", "t"), ("applicant_name.0", "x"), ("household_members.0.salary", "1"),
        ("household_members.-1.name", "x"), ("household_members.99999.name", "x"), ("household_members.٣.name", "x"),
    ]  # fmt: skip
    posted = parse_posted(matter("04"), pairs)
    assert posted.values == {}
    assert len(posted.unknown) == 6


def test_row_buttons_say_which_row(matter: MatterOf) -> None:
    assert parse_posted(matter("04"), [("_add", "household_members")]).add == "household_members"
    assert parse_posted(matter("04"), [("_remove", "household_members.2")]).remove == ("household_members", 2)
    for bad in ("applicant_name", "nothing", ""):
        assert parse_posted(matter("04"), [("_add", bad), ("_remove", f"{bad}.1")]).add is None
    assert parse_posted(matter("04"), [("_remove", "household_members.x")]).remove is None


def test_rows_are_added_up_to_the_guides_limit_and_removed_one_by_one(matter: MatterOf) -> None:
    values = add_row(matter("04"), {"household_members": [{"name": "甲"}]}, "household_members")
    assert values["household_members"] == [{"name": "甲"}, {}]
    assert remove_row(values, "household_members", 0)["household_members"] == [{}]
    assert remove_row(values, "household_members", 9)["household_members"] == [{"name": "甲"}, {}]
    full = {"household_members": [{}] * 20}
    assert len(add_row(matter("04"), full, "household_members")["household_members"]) == 20  # type: ignore[arg-type]


def test_one_section_replaces_its_own_fields_only(matter: MatterOf) -> None:
    before = {"applicant_name": "甲", "applicant_phone": "1", "bank_name": "行", "by_agent": True, "agent_name": "乙"}
    posted = parse_posted(matter("04"), [("applicant_name", "丙"), ("bank_name", "x")], section="applicant")
    assert posted.values == {"applicant_name": "丙"}
    merged = merge_section(matter("04"), "applicant", before, posted.values, situation="emergency")
    assert merged == {"applicant_name": "丙", "bank_name": "行", "by_agent": True, "agent_name": "乙"}


def test_what_was_hidden_is_found_again_when_the_condition_comes_back(matter: MatterOf) -> None:
    before = {"by_agent": False, "agent_name": "乙"}
    merged = merge_section(matter("04"), "agent", before, {"by_agent": True}, situation="emergency")
    assert merged == {"by_agent": True, "agent_name": "乙"}
    cleared = merge_section(
        matter("04"), "agent", {"by_agent": True, "agent_name": "乙"}, {"by_agent": True}, situation="emergency"
    )
    assert cleared == {"by_agent": True}
