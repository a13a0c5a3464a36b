"""The small expression language of derived fields."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matters.derived import ExpressionInvalid, NotYet, compute, inputs, parse_expression

ROWS = {"members": [{"income": "0.10"}, {"income": "0.20"}], "a": "10.00", "b": 3}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("len(members)", "2"),
        ("sum(members.income)", "0.30"),
        ("a-b", "7.00"),
        (" a + b - 1 ", "12.00"),
        ("-b+a", "7.00"),
        ("len( members )-1", "1"),
    ],
)
def test_expressions_are_computed_exactly(expression: str, value: str) -> None:
    assert compute(expression, ROWS) == Decimal(value)


@given(st.lists(st.decimals(0, 10**9, places=2), max_size=20))
def test_sums_are_exact(amounts: list[Decimal]) -> None:
    assert compute("sum(m.x)", {"m": [{"x": str(amount)} for amount in amounts]}) == sum(amounts, Decimal(0))


@pytest.mark.parametrize(
    "expression",
    ["", "a*b", "a b", "len()", "sum(members)", "a-", "__import__('os')", "a;b", "(a)", "a.b", "+", "len(a.b)"],
)
def test_anything_else_is_not_in_the_language(expression: str) -> None:
    with pytest.raises(ExpressionInvalid):
        parse_expression(expression)


@pytest.mark.parametrize(
    "values", [{}, {"a": None, "b": 1}, {"a": True, "b": 1}, {"a": "x", "b": 1}, {"a": [], "b": 1}]
)
def test_a_missing_input_is_no_error_of_its_own(values: dict[str, object]) -> None:
    with pytest.raises(NotYet):
        compute("a-b", values)


def test_inputs_are_told() -> None:
    assert inputs("sum(members.income)-a+1") == {"members", "a"}
