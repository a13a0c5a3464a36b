"""A good message on a queue, with one before it that proves nothing."""

from typing import Final

from demo.faults.answers import HUGE_BYTES
from demo.faults.switch import Fault

_UNREADABLE: Final = frozenset({Fault.GARBLED, Fault.WRONG_CHARSET, Fault.HALF_FILE, Fault.ERROR_INSIDE, Fault.HUGE})


def spoiled(fault: Fault, answer: bytes) -> list[bytes]:
    """Return what is put on the topic in place of `answer`: something unreadable and then the answer, or it twice."""
    if fault in (Fault.NONE, Fault.OUT_OF_ORDER):
        return [answer]
    if fault is Fault.SILENT:
        return []
    return [_unreadable(fault, answer), answer] if fault in _UNREADABLE else [answer] * 2


def _unreadable(fault: Fault, answer: bytes) -> bytes:
    match fault:
        case Fault.HALF_FILE:
            return answer[: len(answer) // 2]
        case Fault.WRONG_CHARSET:
            return answer.decode().encode("utf-16")
        case Fault.HUGE:
            return answer + b" " * HUGE_BYTES
        case Fault.ERROR_INSIDE:
            return b'{"header": {}, "body": {"jgdm": "ORA-00257"}}'
        case _:
            return "网关繁忙".encode()
