"""The table accounts are imported from: encodings, headings, every fault with its line, and nothing that runs in a cell."""

import csv
import io

import pytest

from idp.protocol import account_csv
from idp.protocol.account_csv import MOST_BYTES, MOST_FAULTS, MOST_ROWS, Fault, Trouble, read

HEAD = "用户名,姓名,单位编号,单位名称,区划代码,角色\n"
GOOD = "anna,安娜,u-1,一中心,320105007,综窗人员\n"


def faults(text: str, region: str = "32") -> list[tuple[int, str, Trouble]]:
    return [(fault.line, fault.column, fault.trouble) for fault in read(text.encode(), region=region).faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_spreadsheets_save_is_read(encoding: str, ending: str) -> None:
    sheet = read((HEAD + GOOD).replace("\n", ending).encode(encoding), region="32")
    assert (sheet.fault_count, [person.name for person in sheet.people]) == (0, ["安娜"])
    assert sheet.people[0].roles == ("clerk",)
    assert sheet.people[0].line == 2


def test_columns_stand_in_any_order_in_either_language_beside_others() -> None:
    text = "备注,roles,region,unit_name,unit,name,USERNAME\nx,clerk、窗口主管|admin,32,n,u,N, bo \n"
    person = read(text.encode(), region="").people[0]
    assert (person.username, person.roles, person.region) == ("bo", ("clerk", "manager", "admin"), "32")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (",安,u,n,320105,clerk", [("username", Trouble.EMPTY)]),
        ("a,安,u,n,3201,boss", [("roles", Trouble.ROLE)]),
        ("a,安,u,n,3201,", [("roles", Trouble.EMPTY)]),
        ("a,安,u,n,32010,clerk", [("region", Trouble.REGION)]),
        ("a,安,u,n,３２０１,clerk", [("region", Trouble.REGION)]),
        ("a,安,u,n,3.2E+08,clerk", [("region", Trouble.REGION)]),
        ("a,安,u,n,330105,clerk", [("region", Trouble.OUTSIDE)]),
        (f"{'a' * 65},安,u,n,3201,clerk", [("username", Trouble.TOO_LONG)]),
        ("a,安\u200b娜,u,n,3201,clerk", [("name", Trouble.CONTROL)]),
        ("a,安,u,n,3201", [("", Trouble.UNREADABLE)]),
        ("a,安,u,n,3201,clerk,x", [("", Trouble.UNREADABLE)]),
        (
            ",,,,,x",
            [(c, Trouble.EMPTY) for c in ("username", "name", "unit", "unit_name", "region")]
            + [("roles", Trouble.ROLE)],
        ),
    ],
)
def test_a_fault_names_its_line_and_column_and_the_other_lines_come_in(
    line: str, found: list[tuple[str, Trouble]]
) -> None:
    sheet = read((HEAD + GOOD + line + "\n").encode(), region="32")
    assert [(fault.line, fault.column, fault.trouble) for fault in sheet.faults] == [(3, *one) for one in found]
    assert [person.username for person in sheet.people] == ["anna"]


def test_a_user_name_that_stands_twice_comes_in_once_whatever_its_case() -> None:
    assert faults(HEAD + GOOD + GOOD.replace("anna", " ANNA ")) == [(3, "username", Trouble.TWICE)]


def test_lines_are_counted_as_the_spreadsheet_counts_them() -> None:
    text = HEAD + 'anna,"安\n娜",u,n,3201,clerk\n\n,,,,,\nbo,博,u,n,3,clerk\n'
    assert faults(text) == [(2, "name", Trouble.CONTROL), (6, "region", Trouble.REGION)]


def test_an_unclosed_quote_is_told_at_its_line() -> None:
    assert faults(HEAD + GOOD + 'bo,"博,u,n,3201,clerk\n') == [(3, "", Trouble.UNREADABLE)]


@pytest.mark.parametrize(
    ("content", "trouble", "column"),
    [
        (b"\xff\xfeu\x00s\x00", Trouble.ENCODING, ""),
        (b"username,name\x00", Trouble.ENCODING, ""),
        (b"\xff\xff\xff", Trouble.ENCODING, ""),
        (b"x" * (MOST_BYTES + 1), Trouble.TOO_LARGE, ""),
        ((HEAD.strip() + ",初始密码\n").encode(), Trouble.PASSWORD_COLUMN, ""),
        (HEAD.replace("角色", "x").encode(), Trouble.NO_COLUMN, "roles"),
    ],
)
def test_a_file_that_can_not_be_taken_says_why(content: bytes, trouble: Trouble, column: str) -> None:
    sheet = read(content, region="32")
    assert sheet.faults == (Fault(line=1, column=column, trouble=trouble),)
    assert sheet.people == ()


def test_an_empty_file_misses_every_column() -> None:
    assert {fault.trouble for fault in read(b"", region="").faults} == {Trouble.NO_COLUMN}


def test_too_many_lines_are_refused_as_a_whole() -> None:
    lines = "".join(f"a{n},安,u,n,32,clerk\n" for n in range(MOST_ROWS + 1))
    assert faults(HEAD + lines) == [(1, "", Trouble.TOO_LARGE)]


def test_the_faults_kept_are_bounded_and_counted() -> None:
    sheet = read((HEAD + "a,,u,n,32,clerk\n" * (MOST_FAULTS + 50)).encode(), region="32")
    assert (len(sheet.faults), sheet.fault_count) == (MOST_FAULTS, MOST_FAULTS + 50)


def test_no_cell_that_leaves_begins_a_formula() -> None:
    table = account_csv.write(("a", "b"), iter([("=1+1", "@x"), ("+1", "-1"), ("王,芸", 'a"b')]))
    assert table.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
    assert rows[1:] == [["'=1+1", "'@x"], ["'+1", "'-1"], ["王,芸", 'a"b']]
