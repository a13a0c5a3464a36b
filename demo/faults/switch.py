"""Fault switches: a test tells a department how to misbehave, and for how many submissions."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Ways to fail; each happens to submissions only, never to what a test asks with."""

    NONE = "none"
    RESET_BEFORE_COMMIT = "reset_before_commit"  # the line breaks in the answer; nothing was kept
    RESET_AFTER_COMMIT = "reset_after_commit"  # the line breaks in the answer; the submission was kept
    SLOW = "slow"  # kept, and answered only after the caller's patience ended
    HTTP_500 = "http_500"  # refused by a broken server; nothing was kept
    MAINTENANCE = "maintenance"  # what the system says outside its hours
    GARBLED = "garbled"  # kept, but the answer is no answer of this interface
    ASLEEP = "asleep"  # of tables and files: nobody scans until it is switched off; what was written waits
    HALF_FILE = "half_file"  # kept, but what is answered, or a receipt file, breaks off in the middle
    TWICE = "twice"  # kept, and answered twice; a receipt file or result row comes a second time, under another name
    WRONG_CHARSET = "wrong_charset"  # kept, but answered in another character set than agreed
    ERROR_INSIDE = "error_inside"  # kept, but the answer says that something went wrong, with HTTP 200
    ENDLESS = "endless"  # kept, but the answer never ends
    HUGE = "huge"  # kept, but the answer is 50 MB long
    SILENT = "silent"  # kept and answered, and nothing is ever told of it, until it is switched off
    OUT_OF_ORDER = "out_of_order"  # results are told twice, out of their order, and before the answer


LASTING = frozenset({Fault.ASLEEP, Fault.SILENT, Fault.OUT_OF_ORDER})
"""They concern what is done beside submissions, and so stand until they are switched off."""
BEFORE_COMMIT = frozenset({Fault.RESET_BEFORE_COMMIT, Fault.HTTP_500, Fault.MAINTENANCE})


@dataclass(slots=True)
class Faults:
    """The switch of one system: `mode` for the next `times` submissions, then well again.

    `seconds` is how long SLOW lasts; None means longer than the timeout the department tells its callers.
    """

    mode: Fault = Fault.NONE
    times: int = 0
    seconds: float | None = None

    def set(self, mode: Fault, times: int, seconds: float | None = None) -> None:
        self.mode, self.times = (mode, times) if mode is not Fault.NONE and times > 0 else (Fault.NONE, 0)
        self.seconds = seconds

    def peek(self) -> Fault:
        """Return the fault that stands, without counting it."""
        return self.mode if self.times > 0 else Fault.NONE

    def take(self) -> Fault:
        """Return the fault for this submission and count it."""
        if self.times <= 0:
            return Fault.NONE
        if self.mode in LASTING:
            return self.mode
        taken, self.times = self.mode, self.times - 1
        if self.times == 0:
            self.mode = Fault.NONE
        return taken
