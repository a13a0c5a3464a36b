"""A good row of results in an exchange table, as a hostile department writes it."""

from collections.abc import Mapping

from demo.faults.answers import HUGE_BYTES
from demo.faults.switch import Fault


def spoiled(fault: Fault, row: Mapping[str, object], *, code: str, text: str) -> Mapping[str, object]:
    """Return the row with what the columns `code` and `text` say spoiled; itself for faults that are not about rows."""
    match fault:
        case Fault.WRONG_CHARSET:
            return {**row, text: str(row[text]).encode("gbk").decode("latin-1")}
        case Fault.HALF_FILE:
            return {**row, code: None, text: None}
        case Fault.ERROR_INSIDE:
            return {**row, code: "99", text: "ORA-00257"}
        case Fault.HUGE:
            return {**row, text: "长" * (HUGE_BYTES // 3)}
        case _:
            return row
