"""Masking (脱敏): what lists, receipts left at the counter and the citizen page show of a person.

The rules are those `mask_rules` of config/data_items.yaml says in words. They keep shape and never fail: a value that
does not look as expected is masked more, not less.
"""

from collections.abc import Mapping
from enum import StrEnum

from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter


class MaskRule(StrEnum):
    NAME = "name"
    ID_NUMBER = "id_number"
    PHONE = "phone"
    BANK_ACCOUNT = "bank_account"
    ADDRESS = "address"
    AMOUNT = "amount"
    HIDDEN = "hidden"
    NONE = "none"


HIDDEN = "******"

# 复姓: the compound surnames still in use; a name starting with one keeps both characters of it.
_COMPOUND = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容
仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐
段干 百里 呼延 东郭 南门 羊舌 微生 左丘 东门 西门 第五 贺兰 完颜 纳兰 叶赫 爱新 淳于 单于
"""
COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
_ETHNIC_DOT = "·"
_TOWNSHIP_ENDS = ("街道", "镇", "乡", "苏木", "地区")


def mask(rule: MaskRule, value: object) -> str:
    """Return `value` as the rule shows it; empty stays empty."""
    text = "" if value is None else str(value)
    if not text:
        return ""
    match rule:
        case MaskRule.NONE:
            return text
        case MaskRule.NAME:
            return mask_name(text)
        case MaskRule.ID_NUMBER:
            return mask_number(text)
        case MaskRule.PHONE:
            return _ends(text, 3, 4)
        case MaskRule.BANK_ACCOUNT:
            return f"**** **** **** {text[-4:]}" if len(text) >= 8 else HIDDEN
        case MaskRule.ADDRESS:
            return mask_address(text)
        case MaskRule.AMOUNT | MaskRule.HIDDEN:
            return HIDDEN


def mask_name(name: str) -> str:
    """Return 张*, 张*珪, 欧阳* or 阿*·**提: the surname and, from three characters on, the last one."""
    characters = list(name)
    if len(characters) == 1:
        return "*"
    kept = 2 if len(characters) > 2 and name[:2] in COMPOUND_SURNAMES else 1
    last = len(characters) - 1 if len(characters) > max(2, kept + 1) else len(characters)
    return "".join(
        character if index < kept or index >= last or character == _ETHNIC_DOT else "*"
        for index, character in enumerate(characters)
    )


def mask_number(number: str) -> str:
    """Return 3 + 11 stars + 4 of an 18-character number; of a shorter or longer one a quarter at each end."""
    if len(number) == 18:
        return _ends(number, 3, 4)
    quarter = min(len(number) // 4, 4)
    return _ends(number, quarter, quarter)


def mask_address(address: str) -> str:
    """Return the address down to the township; when none is found, its first six characters at most a third."""
    ends = [address.find(end, 2) + len(end) for end in _TOWNSHIP_ENDS if address.find(end, 2) != -1]
    kept = min(ends) if ends else min(6, len(address) // 3)
    return f"{address[:kept]}****"


def _ends(text: str, first: int, last: int) -> str:
    if len(text) <= first + last:
        return "*" * len(text)
    return text[:first] + "*" * (len(text) - first - last) + (text[-last:] if last else "")


# What a field of these types shows when neither it nor its data item names a rule: more rather than less.
_RULE_OF_TYPE: Mapping[FieldType, MaskRule] = {
    FieldType.ID_CARD: MaskRule.ID_NUMBER,
    FieldType.PHONE: MaskRule.PHONE,
    FieldType.BANK_ACCOUNT: MaskRule.BANK_ACCOUNT,
    FieldType.ADDRESS: MaskRule.ADDRESS,
    FieldType.MONEY: MaskRule.AMOUNT,
    FieldType.TEXTAREA: MaskRule.HIDDEN,
}


def rule_of(column: Column, rules_by_item: Mapping[str, MaskRule]) -> MaskRule:
    """Return the rule of a field: its own, else its data item's, else its type's; a name is known by its key."""
    if column.constraints.mask:
        return MaskRule(column.constraints.mask)
    from_item = rules_by_item.get(column.source or "", MaskRule.NONE)
    if from_item is not MaskRule.NONE:
        return from_item
    if column.key == "name" or (column.key.endswith("_name") and column.source is None):
        return MaskRule.NAME
    return _RULE_OF_TYPE.get(column.type, MaskRule.NONE)


def mask_form(matter: Matter, values: Mapping[str, object], rules_by_item: Mapping[str, MaskRule]) -> dict[str, object]:
    """Return the form's values as lists and exports show them; a masked value is always a text."""
    return {
        field.key: _mask_value(field, values[field.key], rules_by_item)
        for field in matter.form.all_fields()
        if field.key in values
    }


def _mask_value(field: FormField, value: object, rules: Mapping[str, MaskRule]) -> object:
    if field.columns and isinstance(value, list):
        return [
            {column.key: _mask_one(column, row[column.key], rules) for column in field.columns if column.key in row}
            for row in value
        ]
    return _mask_one(field, value, rules)


def _mask_one(column: Column, value: object, rules: Mapping[str, MaskRule]) -> object:
    rule = rule_of(column, rules)
    return value if rule is MaskRule.NONE else mask(rule, value)
