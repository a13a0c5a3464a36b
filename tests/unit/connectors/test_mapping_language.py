"""Mappings: the message leaf by leaf, what is left out, what is refused, and which field feeds which."""

import pytest

from connectors.errors import MappingRefused
from connectors.expression import CodeTable
from connectors.mapping import Compiler, Flow, MappingProblem, Node
from connectors.paths import REQUEST_ROOTS

FORM = {
    "name": "测试甲",
    "id_number": "99010119001231123x",
    "by_agent": False,
    "members": [{"name": "乙", "relation": "10"}, {"name": "丙", "relation": "77"}],
    "empty": "",
}


def compiled(written: object) -> Node:
    fragments = {
        "agent": {"agent": {"$if": "form.by_agent", "$then": {"name": "form.agent_name"}}},
        "loop": {"$use": "loop"},
    }
    tables = {"relation": CodeTable(codes={"10": "1"})}
    return Compiler(roots=REQUEST_ROOTS, tables=tables, fragments=fragments).compile(written)


def rendered(written: object, **form: object) -> object:
    return compiled(written).render({"form": {**FORM, **form}, "operation": "OP"}, "")


def test_empty_values_are_left_out_and_kept_ones_are_null() -> None:
    assert rendered({"a": "form.empty", "b": "form.nowhere", "c": "form.empty | keep", "d": None}) == {
        "c": None,
        "d": None,
    }


def test_an_object_whose_members_are_all_empty_is_left_out() -> None:
    assert rendered({"bank": {"no": "form.nowhere"}, "name": "form.name"}) == {"name": "测试甲"}


def test_rows_of_a_list_are_mapped_with_their_position() -> None:
    mapped = rendered({"rows": {"$each": "form.members", "$as": {"xm": "row.name", "xh": "position"}}})
    assert mapped == {"rows": [{"xm": "乙", "xh": 1}, {"xm": "丙", "xh": 2}]}


def test_a_fragment_is_laid_in_and_its_condition_decides() -> None:
    assert rendered({"$use": ["agent"], "op": "operation"}) == {"op": "OP"}
    assert rendered({"$use": ["agent"]}, by_agent=True, agent_name="丁") == {"agent": {"name": "丁"}}


def test_the_first_that_is_not_empty_is_taken_and_parts_are_joined() -> None:
    assert rendered({"id": {"$first": ["form.empty", "form.id_number | upper"]}}) == {"id": "99010119001231123X"}
    assert rendered({"key": {"$join": ["form.name", "form.empty", "'2026'"], "$with": "-"}}) == {"key": "测试甲-2026"}


def test_constants_stand_for_themselves() -> None:
    assert rendered({"n": 5, "t": True, "x": {"$const": {"any": ["thing"]}}, "s": "'text'"}) == {
        "n": 5,
        "t": True,
        "x": {"any": ["thing"]},
        "s": "text",
    }


def test_a_refused_value_names_the_departments_field_and_row_and_no_value() -> None:
    with pytest.raises(MappingRefused) as refused:
        rendered({"rows": {"$each": "form.members", "$as": {"gx": "row.relation | codes(relation)"}}})
    assert refused.value.target == "rows.1.gx"
    assert "77" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "path", "reason"),
    [
        ({"a": {"b": "form.x | nofilter"}}, "a.b", "unknown filter"),
        ({"a": {"$each": "form.members", "$from": 1}}, "a", "stands with"),
        ({"$nosuch": 1}, "$nosuch", "unknown word"),
        ({"$use": ["nowhere"]}, "$use", "unknown fragment"),
        ({"$use": ["loop"]}, "$use", "uses itself"),
        ({"a": {"$payload": True}}, "a", "envelope only"),
        ({"a": "row.name"}, "a", "begins with one of"),
        ({"a": {"$first": "form.x"}}, "a.$first", "expected a list"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_refused_with_its_place(written: object, path: str, reason: str) -> None:
    with pytest.raises(MappingProblem, match=reason.replace("$", r"\$")) as problem:
        compiled(written)
    assert problem.value.path == path


def test_which_field_feeds_which_is_computed() -> None:
    node = compiled(
        {
            "xm": "form.name | upper",
            "rows": {"$each": "form.members", "$as": {"n": "row.name"}},
            "key": {"$join": ["form.name", "form.id_number"]},
            "v": 1,
        }
    )
    assert list(node.flows("")) == [
        Flow(target="xm", sources=("form.name",), filters=("upper",)),
        Flow(target="rows[].n", sources=("form.members.name",), when=("form.members",)),
        Flow(target="key", sources=("form.name", "form.id_number")),
        Flow(target="v", sources=()),
    ]
