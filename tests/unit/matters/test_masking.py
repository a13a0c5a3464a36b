"""Masking: what the rules in data_items.yaml say, and nothing shown that should not be."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.forms import Application
from matters.data_items import DataItems
from matters.guide import Matter
from matters.masking import HIDDEN, MaskRule, mask, mask_form

R = MaskRule


@pytest.mark.parametrize(
    ("rule", "value", "shown"),
    [
        (R.NAME, "张三", "张*"),
        (R.NAME, "张小珪", "张*珪"),
        (R.NAME, "欧阳静", "欧阳*"),
        (R.NAME, "欧阳锦心", "欧阳*心"),
        (R.NAME, "阿卜杜热合曼", "阿****曼"),
        (R.NAME, "阿卜杜·热合曼", "阿**·**曼"),
        (R.NAME, "欧阳", "欧*"),
        (R.NAME, "贾𬍛", "贾*"),
        (R.NAME, "丁", "*"),
        (R.ID_NUMBER, "32010519900307123X", "320***********123X"),
        (R.ID_NUMBER, "12345678", "12****78"),
        (R.ID_NUMBER, "123", "***"),
        (R.ID_NUMBER, "32010519900307123X43B1", "3201**************43B1"),
        (R.PHONE, "13812341234", "138****1234"),
        (R.PHONE, "1234567", "*******"),
        (R.BANK_ACCOUNT, "6222021234567891234", "**** **** **** 1234"),
        (R.BANK_ACCOUNT, "1234", HIDDEN),
        (R.ADDRESS, "江苏省云桥街道听雨路1号2室", "江苏省云桥街道****"),
        (R.ADDRESS, "玉林镇望江巷3号", "玉林镇****"),
        (R.ADDRESS, "某某路五十五号三单元二零一室", "某某路五****"),
        (R.AMOUNT, "1200.00", HIDDEN),
        (R.HIDDEN, "尿毒症", HIDDEN),
        (R.NONE, "男", "男"),
        (R.NAME, "", ""),
        (R.PHONE, None, ""),
    ],
)
def test_values_are_shown_as_the_rule_says(rule: MaskRule, value: object, shown: str) -> None:
    assert mask(rule, value) == shown


@given(st.sampled_from([rule for rule in MaskRule if rule is not MaskRule.NONE]), st.text(min_size=1, max_size=40))
def test_no_rule_fails_or_shows_everything(rule: MaskRule, value: str) -> None:
    shown = mask(rule, value)
    assert shown != value or set(value) <= {"*", "·"}


def test_every_rule_of_the_dictionary_is_known(items: DataItems) -> None:
    assert set(items.mask_rules) == set(MaskRule)


def test_a_masked_form_shows_no_number_of_the_applicant(
    all_matters: tuple[Matter, ...], apply: Callable[..., Application], items: DataItems
) -> None:
    rules = {item.id: item.mask for item in items.items}
    for each in all_matters:
        form = apply(each.number, each.guide.situations[0].id).form
        shown = str(mask_form(each, form, rules))
        for field in each.form.all_fields():
            cells = (
                [
                    row.get(column.key)
                    for row in form.get(field.key, [])
                    for column in field.columns
                    if column.type in {"id_card", "phone"}
                ]
                if field.columns
                else []
            )
            if (
                field.type in {"id_card", "phone", "bank_account", "address"}
                and (field.source or "") != "enterprise.site_address"
            ):
                cells.append(form.get(field.key))
            for value in filter(None, cells):
                assert str(value) not in shown, (each.id, field.key)


def test_a_hidden_illness_and_an_amount_stay_hidden(matter: Callable[[str], Matter], items: DataItems) -> None:
    rules = {item.id: item.mask for item in items.items}
    shown = mask_form(matter("22"), {"disease_name": "uremia"}, rules)
    assert shown == {"disease_name": HIDDEN}
    assert mask_form(matter("04"), {"expense_total": "5.00", "by_agent": True}, rules) == {
        "expense_total": HIDDEN,
        "by_agent": True,
    }
