"""CPU time of a process and its children that live, from /proc (proc_pid_stat(5))."""

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def seconds_used(pid: int) -> float:
    """Return user and system time so far, over all threads of the process; 10 ms is the least step."""
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def seconds_run(pid: int) -> float:
    """Return the time its threads that live have run on a core, to the nanosecond where the kernel counts it."""
    tasks = (Path("/proc") / str(pid) / "task").glob("*/schedstat")
    run = sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
    return run or seconds_used(pid)
