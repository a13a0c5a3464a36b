"""Lines of an error summary are read away from their field."""

from matters.form_errors import FieldError
from portal.forms.view import summary


def line(message: str, **params: object) -> str:
    return summary([FieldError(path="employees/1/id_number", code="checksum", message=message, params=params)])[0].text


def test_a_line_about_a_row_says_which() -> None:
    assert line("{label}的校验位不对", label="身份证件号码", row=2) == "第2行：身份证件号码的校验位不对"


def test_a_message_that_names_its_row_is_left_alone() -> None:
    assert line("请填写第{row}行的{label}", label="姓名", row=2) == "请填写第2行的姓名"
