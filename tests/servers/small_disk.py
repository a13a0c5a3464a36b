"""A disk that can be full: a small file system of its own where we may mount one, else a limit on how large a file may be.

Mounting needs the right to (root in a container usually has it). Without it the processes get a file-size limit: their
writes fail in the same place, with another error number, and `kind` says so.
"""

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.child import private_directory

_libc = ctypes.CDLL(None, use_errno=True)
_DETACH = 2
_PIECE = 64 * 1024


@dataclass(slots=True)
class SmallDisk:
    """`directory` lies on it. `fill` takes what room is left, `free` gives it back."""

    directory: Path
    is_mounted: bool

    @property
    def kind(self) -> str:
        return "a file system of its own" if self.is_mounted else "a limit on file size (no right to mount)"

    def fill(self, processes: Sequence[int]) -> None:
        """Leave no room: for anybody on the mount, else for `processes`."""
        if not self.is_mounted:
            for pid in processes:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        with (self.directory / "filler").open("ab", buffering=0) as filler:
            piece = _PIECE
            while piece:
                try:
                    filler.write(b"\0" * piece)
                except OSError:
                    piece //= 2

    def free(self, processes: Sequence[int]) -> None:
        if not self.is_mounted:
            for pid in processes:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            return
        (self.directory / "filler").unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Mount a file system of that size until the block ends."""
    directory = private_directory("disk")
    mount = shutil.which("mount")
    done = os.geteuid() == 0 and mount is not None and _mounted(mount, directory, megabytes)
    directory.chmod(0o755)
    try:
        yield SmallDisk(directory=directory, is_mounted=done)
    finally:
        if done:
            _libc.umount2(str(directory).encode(), _DETACH)
        shutil.rmtree(directory, ignore_errors=True)


def _mounted(mount: str, directory: Path, megabytes: int) -> bool:
    words = [mount, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(directory)]
    return subprocess.run(words, capture_output=True, check=False, timeout=20).returncode == 0
