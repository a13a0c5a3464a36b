"""The npm packages the tests run, installed once from their lock file; no script of theirs is run at that."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "npm"
_WITHIN_SECONDS = 240


class NodeMissing(Exception):
    """Node or its packages can't be had; the message says what to do."""


def node() -> str:
    """Return the path of node, once tests/npm/node_modules holds what the lock file names.

    Raises:
        NodeMissing: no node or npm here, or the registry does not answer.
    """
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        raise NodeMissing("node and npm are missing; .ci/ensure-programs installs them")
    with (FOLDER / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test workers come at the same time
        wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
        installed = FOLDER / "node_modules" / ".installed"
        if not installed.exists() or installed.read_text() != wanted:
            _install(npm)
            installed.write_text(wanted)
    return found


def _install(npm: str) -> None:
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=FOLDER, capture_output=True, text=True, timeout=_WITHIN_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NodeMissing(f"npm ci failed in {FOLDER}:\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")
