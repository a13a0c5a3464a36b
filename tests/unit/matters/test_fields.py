"""Reading values by type: normal forms, what is absent, what is refused and why."""

import pytest

from matters import fields
from matters.fields import ABSENT, Unreadable, read
from matters.form_fields import Column, Constraints, FieldType, Option

CODES = ("b", "a", "c")


def column(kind: FieldType, **constraints: object) -> Column:
    options = tuple(Option(code=code, label=code, label_en=code) for code in CODES)
    return Column(
        key="x", label="项目", label_en="Item", type=kind, required=True, source=None,
        options=options if kind in (FieldType.ENUM, FieldType.MULTI_ENUM) else (),
        constraints=Constraints.model_validate(constraints),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "typed", "normal"),
    [
        (FieldType.TEXT, "  张　三 ", "张 三"),
        (FieldType.TEXT, "贾𬍛", "贾𬍛"),
        (FieldType.TEXT, "e\u0301", "é"),
        (FieldType.TEXTAREA, " 第一行 \r\n第二行\n\n", "第一行\n第二行"),
        (FieldType.ID_CARD, "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
        (FieldType.ID_CARD, " 110105 19491231 002x", "11010519491231002X"),
        (FieldType.USCC, "91350100m000100y43", "91350100M000100Y43"),
        (FieldType.PHONE, "+86 138-1234-5678", "13812345678"),
        (FieldType.PHONE, "１３８１２３４５６７８", "13812345678"),
        (FieldType.PHONE, "025-83123456", "025-83123456"),
        (FieldType.PHONE, "（025）83123456", "025-83123456"),
        (FieldType.BANK_ACCOUNT, "6222 0212 3456 7890 123", "6222021234567890123"),
        (FieldType.REGION, " 320105007 ", "320105007"),
        (FieldType.DATE, "2026-01-05", "2026-01-05"),
        (FieldType.DATE, "２０２６年１月５日", "2026-01-05"),
        (FieldType.DATE, "20260105", "2026-01-05"),
        (FieldType.DATE, "2024/2/29", "2024-02-29"),
        (FieldType.MONTH, "2026年3月", "2026-03"),
        (FieldType.MONTH, "202612", "2026-12"),
        (FieldType.YEAR, "２０２６年", 2026),
        (FieldType.YEAR, 2026, 2026),
        (FieldType.DATETIME, "2026-01-05T09:30", "2026-01-05T09:30:00+08:00"),
        (FieldType.DATETIME, "2026-01-05T01:30:00Z", "2026-01-05T09:30:00+08:00"),
        (FieldType.MONEY, "1,234.5", "1234.50"),
        (FieldType.MONEY, "￥１２００元", "1200.00"),
        (FieldType.MONEY, 1200, "1200.00"),
        (FieldType.MONEY, 0.1, "0.10"),
        (FieldType.MONEY, "-0.00", "0.00"),
        (FieldType.MONEY, "0012.30", "12.30"),
        (FieldType.INTEGER, 5.0, 5),
        (FieldType.NUMBER, 12.50, 12.5),
        (FieldType.NUMBER, 3.0, 3),
        (FieldType.ENUM, "a", "a"),
        (FieldType.MULTI_ENUM, ["c", "b", "c"], ["b", "c"]),
        (FieldType.BOOLEAN, False, False),
    ],
)
def test_values_are_kept_in_one_normal_form(kind: FieldType, typed: object, normal: object) -> None:
    value = read(column(kind), typed)
    assert value == normal
    assert type(value) is type(normal)
    assert read(column(kind), value) == normal


@pytest.mark.parametrize("kind", [kind for kind in FieldType if kind is not FieldType.PERSON_LIST])
@pytest.mark.parametrize("blank", [None, "", "  ", "　\n"])
def test_blank_is_absent(kind: FieldType, blank: object) -> None:
    assert read(column(kind), blank) is ABSENT


def test_no_choice_is_absent() -> None:
    assert read(column(FieldType.MULTI_ENUM), []) is ABSENT


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        (FieldType.TEXT, 5, "type"),
        (FieldType.TEXT, ["a"], "type"),
        (FieldType.TEXT, "a\x00b", "characters"),
        (FieldType.TEXT, "a\ud800b", "characters"),
        (FieldType.TEXT, "a\u202eb", "characters"),
        (FieldType.TEXT, "字" * 10_001, "too_long"),
        (FieldType.ID_CARD, "11010519491231002", "id_shape"),
        (FieldType.ID_CARD, "11010519491231002٣", "id_shape"),
        (FieldType.ID_CARD, "1" * 65, "too_long"),
        (FieldType.ID_CARD, 110105194912310020, "type"),
        (FieldType.USCC, "91350100M000100Y4S", "uscc_shape"),
        (FieldType.PHONE, "12345", "phone_shape"),
        (FieldType.PHONE, "128123456789", "phone_shape"),
        (FieldType.BANK_ACCOUNT, "6222a", "account_shape"),
        (FieldType.BANK_ACCOUNT, "٦٢٢٢", "account_shape"),
        (FieldType.REGION, "江苏省", "region_shape"),
        (FieldType.REGION, "3201050", "region_shape"),
        (FieldType.DATE, "2026-02-30", "date_shape"),
        (FieldType.DATE, "2026-13-01", "date_shape"),
        (FieldType.DATE, "0001-01-01", "date_shape"),
        (FieldType.DATE, "明天", "date_shape"),
        (FieldType.MONTH, "2026-13", "month_shape"),
        (FieldType.YEAR, "26", "year_shape"),
        (FieldType.YEAR, True, "year_shape"),
        (FieldType.YEAR, 2026.0, "year_shape"),
        (FieldType.DATETIME, "2026-01-05 25:00", "datetime_shape"),
        (FieldType.DATETIME, "0001-01-01T00:00:00+14:00", "datetime_shape"),
        (FieldType.MONEY, "一千", "money_shape"),
        (FieldType.MONEY, "1e5", "money_shape"),
        (FieldType.MONEY, "1.005", "scale"),
        (FieldType.MONEY, float("nan"), "money_shape"),
        (FieldType.MONEY, float("inf"), "money_shape"),
        (FieldType.MONEY, True, "money_shape"),
        (FieldType.MONEY, 10**400, "money_shape"),
        (FieldType.INTEGER, "5", "integer_shape"),
        (FieldType.INTEGER, 5.5, "integer_shape"),
        (FieldType.INTEGER, True, "integer_shape"),
        (FieldType.INTEGER, 10**400, "integer_shape"),
        (FieldType.NUMBER, "5", "number_shape"),
        (FieldType.NUMBER, float("inf"), "number_shape"),
        (FieldType.NUMBER, 10**400, "number_shape"),
        (FieldType.NUMBER, float("nan"), "number_shape"),
        (FieldType.ENUM, "d", "option_unknown"),
        (FieldType.ENUM, ["a"], "option_unknown"),
        (FieldType.ENUM, {"a": 1}, "option_unknown"),
        (FieldType.MULTI_ENUM, "a", "type"),
        (FieldType.MULTI_ENUM, ["a", "d"], "option_unknown"),
        (FieldType.MULTI_ENUM, [["a"]], "option_unknown"),
        (FieldType.MULTI_ENUM, ["a"] * 1000, "option_unknown"),
        (FieldType.BOOLEAN, "true", "type"),
        (FieldType.BOOLEAN, 1, "type"),
    ],
)
def test_what_cannot_be_read_says_why(kind: FieldType, typed: object, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(column(kind), typed)
    assert refused.value.code == code


def test_a_patterned_text_forgives_what_the_keyboard_did() -> None:
    certificate = column(FieldType.TEXT, pattern="^[0-9]{17}[0-9X][1-7][1-4](B[0-9])?$")
    assert read(certificate, "１１０１０５１９４９１２３１００２ｘ43b1") == "11010519491231002X43B1"
    assert read(certificate, "not a number") == "not a number"


def test_every_type_has_a_reader() -> None:
    assert set(fields.READERS) == set(FieldType) - {FieldType.PERSON_LIST}


@pytest.mark.parametrize("kind", [FieldType.MONEY, FieldType.INTEGER, FieldType.NUMBER, FieldType.YEAR])
def test_a_number_too_long_to_be_written_is_refused_without_writing_it(kind: FieldType) -> None:
    with pytest.raises(Unreadable):
        read(column(kind), 1 << 20_000)
