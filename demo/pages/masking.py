"""Personal data on a department's screens: enough to find a case by, not enough to carry away."""

from collections.abc import Mapping

_COMPOUND = ("欧阳", "司徒", "司马", "上官", "诸葛", "公孙", "呼延", "皇甫", "尉迟", "令狐", "慕容", "夏侯", "东方")

# What the departments call the person a case is about, each in its own naming.
_NAMES = ("applicantName", "SQRXM", "XM", "aac003", "name", "列03", "psn_name", "motherName", "txtXM", "NSRMC",
          "ZGXM", "legalPerson", "entName")  # fmt: skip
_ID_NUMBERS = ("idNumber", "SFZH", "SFZHM", "aac002", "id_number", "列02", "certno", "motherIdNo", "txtSFZH", "NSRSBH",
               "legalPersonIdNo", "uscc")  # fmt: skip


def mask_name(name: str) -> str:
    """张三 → 张*，李四光 → 李*光，欧阳修 → 欧阳*: the compound surname stays whole."""
    surname = next((s for s in _COMPOUND if name.startswith(s) and len(name) > len(s)), name[:1])
    given = name[len(surname) :]
    if len(given) <= 1:
        return surname + "*" * len(given)
    return f"{surname}{'*' * (len(given) - 1)}{given[-1]}"


def mask_number(number: str) -> str:
    """Three characters, eleven stars, four characters of an identity number; a quarter at each end of a shorter one."""
    if len(number) >= 15:
        return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"
    shown = len(number) // 4
    return f"{number[:shown]}{'*' * (len(number) - 2 * shown)}{number[len(number) - shown :]}"


def person_of(payload: Mapping[str, object]) -> tuple[str, str]:
    """Return the masked name and number of whom a submission is about, empty where it names nobody."""
    name, number = _first(payload, _NAMES), _first(payload, _ID_NUMBERS)
    return mask_name(name) if name else "", mask_number(number) if number else ""


def _first(payload: Mapping[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        if isinstance(found := payload.get(name), str) and found:
            return found
    inner = (value for value in payload.values() if isinstance(value, Mapping))
    return next((found for part in inner if (found := _first(part, names))), "")
