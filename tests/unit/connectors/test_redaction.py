"""Redaction: what people who run connectors see of a case, in our messages and in the department's answers."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from connectors.redaction import SHOWN_AT_MOST, Redactor, redactor
from demo.forms import make_application, situations
from matters.data_items import load_data_items
from matters.masking import MaskRule, rule_of
from tests.doubles.declared import declared_matters

ROOT = Path(__file__).parents[3]
RULES = {item.id: item.mask for item in load_data_items(ROOT / "config/data_items.yaml").items}
MATTERS = declared_matters()
NOBODY = Redactor()


def test_a_value_of_the_case_is_masked_wherever_it_stands() -> None:
    hiding = Redactor((("测试甲", "测**"), ("云桥街道测试路 1 号", "云桥街道****")))
    assert hiding.text("姓名：测试甲，住址云桥街道测试路 1 号") == "姓名：测**，住址云桥街道****"
    assert hiding.document({"a": ["测试甲", {"b": "x测试甲y"}], "n": None, "ok": True}) == {
        "a": ["测**", {"b": "x测**y"}], "n": None, "ok": True,
    }  # fmt: skip


def test_what_looks_like_an_identity_number_is_masked_even_when_the_case_has_none() -> None:
    assert NOBODY.text("该人员990101190203011234已参保") == "该人员990***********1234已参保"
    assert NOBODY.text("99010119020301123X") == "990***********123X"


def test_phones_and_bank_accounts_are_masked_and_short_numbers_are_not() -> None:
    assert NOBODY.text("电话13800001234") == "电话138****1234"
    assert "6217000000000000" not in NOBODY.text("卡号6217000000000000000")
    assert NOBODY.text("编号 20260303 金额 40000") == "编号 20260303 金额 40000"


def test_a_number_in_json_is_masked_too() -> None:
    assert NOBODY.document({"phone": 13800001234, "count": 3}) == {"phone": "138****1234", "count": 3}


def test_bytes_are_never_shown_and_long_texts_are_cut() -> None:
    assert NOBODY.document(b"secret") == "******"
    assert len(NOBODY.text("x" * 50_000)) == SHOWN_AT_MOST + 2


@pytest.mark.parametrize("matter", MATTERS, ids=lambda m: m.id)
def test_nothing_personal_of_any_matter_is_left_in_its_own_form(matter: object) -> None:
    file = next(ROOT.glob(f"config/matters*/{matter.id}.yaml"))  # type: ignore[attr-defined]
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    form = make_application(written, situations(written)[0], seed=7, at=date(2026, 3, 3)).form
    shown = str(redactor(matter, form, RULES).document(form))  # type: ignore[arg-type]
    for field in matter.form.all_fields():  # type: ignore[attr-defined]
        value = form.get(field.key)
        rule = rule_of(field, RULES)
        if isinstance(value, str) and rule not in (MaskRule.NONE, MaskRule.NAME) and len(value) > 6:
            assert value not in shown, field.key
