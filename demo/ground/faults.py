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
    HALF_FILE = "half_file"  # a receipt file breaks off in the middle
    TWICE = "twice"  # a receipt file comes a second time, under another name


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
        taken, self.times = self.mode, self.times - 1
        if self.times == 0:
            self.mode = Fault.NONE
        return taken
