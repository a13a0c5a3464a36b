"""Child processes that end with their parent, also when the parent is killed, and their directories."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class ServerDidNotStart(Exception):
    """Says which program failed and what it printed last."""


def private_directory(kind: str) -> Path:
    """Make a directory named `ow-<kind>-<our pid>-…`; those of processes that are gone are removed first.

    A killed test run can't tidy up after itself, so the next one does.
    """
    for left in Path(tempfile.gettempdir()).glob(f"ow-{kind}-*-*"):
        owner = left.name.split("-")[2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"ow-{kind}-{os.getpid()}-"))


def start_child(
    command: Sequence[str | Path],
    *,
    user: str | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    at_parents_death: signal.Signals = signal.SIGKILL,
) -> "subprocess.Popen[bytes]":
    """Start `command` in a process group of its own; the kernel sends `at_parents_death` when we die (prctl(2))."""

    def before_exec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, at_parents_death)

    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=env,
        user=user,
        group=_group_of(user),
        extra_groups=None if user is None else [],
        start_new_session=True,
        preexec_fn=before_exec,  # noqa: PLW1509  # one system call, no lock and no import: safe after fork
    )


def wait_until(
    ready: Callable[[], bool], child: "subprocess.Popen[bytes]", *, log: Path, within_seconds: float
) -> None:
    """Return once `ready()`.

    Raises:
        ServerDidNotStart: the child ended, or was not ready in time; it is killed then.
    """
    until = monotonic() + within_seconds
    while not ready():
        ended = child.poll() is not None
        if ended or monotonic() > until:
            stop_child(child, signal.SIGKILL)
            why = f"ended with {child.returncode}" if ended else f"was not ready in {within_seconds:g} s"
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise ServerDidNotStart(f"{child.args!r} {why}; its last words:\n{tail}")
        sleep(0.02)


def stop_child(child: "subprocess.Popen[bytes]", how: signal.Signals, *, within_seconds: float = 10.0) -> None:
    """Send `how` and wait; SIGKILL to whatever is left of its group."""
    if child.poll() is None:
        child.send_signal(how)
    try:
        child.wait(within_seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _group_of(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_gid
