"""A good receipt file, as a hostile department puts it down: what stands in the file, and what its marker speaks of."""

from demo.faults.answers import HUGE_BYTES
from demo.faults.switch import Fault


def spoiled(fault: Fault, content: bytes) -> tuple[bytes, bytes]:
    """Return the file's content and the content its marker is made for; they differ where the file breaks off."""
    match fault:
        case Fault.HALF_FILE:
            return content[: len(content) // 2], content
        case Fault.GARBLED | Fault.WRONG_CHARSET:
            foreign = content.decode("gbk").encode("utf-8")
            return foreign, foreign
        case Fault.HUGE:
            huge = content + b" " * HUGE_BYTES
            return huge, huge
        case _:
            return content, content
