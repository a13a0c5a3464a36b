"""The secrets both sides of an interface share, made once per installation: one file each, readable by its owner only.

`make_secrets(directory)` stands for the day a department hands over credentials. What the department alone knows
(its private keys) lies in the same directory because both sides run on one machine here.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import asyncssh

from config.clock import SHANGHAI, utc_now
from demo.ground.sm import generate_key


def _text(length: int) -> Callable[[], bytes]:
    return lambda: secrets.token_urlsafe(length).encode()


def _hexadecimal(length: int) -> Callable[[], bytes]:
    return lambda: secrets.token_hex(length).encode()


SHARED: Mapping[str, Callable[[], bytes]] = {
    "mz-assist.password": _text(24),
    "mz-elder.hmac": _text(32),
    "mz-elder.callback": _text(32),
    "mz-monitor.hmac": _text(32),
    "mz-monitor.callback": _text(32),
    "rs-employee-insurance.password": _text(24),
    "tax-ssf.channel": _hexadecimal(16),
    "tax-ssf.channel-department": _hexadecimal(16),
    "wj-reward.password": _text(12),
    "rs-employment.client-secret": _text(32),
    "yb-core.token": _text(32),
    "yb-core.sm4": _hexadecimal(16),  # 32 hexadecimal digits: the key's 16 bytes
    "wj-birth.token": _text(32),
    "scjg-food.md5": _hexadecimal(16),
    "scjg-food.callback": _hexadecimal(16),
    "mz-benefit.database": _text(24),
    "mz-benefit.sm4": _hexadecimal(16),
    "gjj-core.database": _text(24),
}

KEY_PAIRS = (
    ("rs-resident-pension.sm2-private", "rs-resident-pension.sm2-public"),
    ("rs-resident-pension.sm2-department-private", "rs-resident-pension.sm2-department-public"),
    ("tax-ssf.sm2-private", "tax-ssf.sm2-public"),
    ("tax-ssf.sm2-department-private", "tax-ssf.sm2-department-public"),
    ("yb-core.sm2-private", "yb-core.sm2-public"),
    ("yb-core.sm2-department-private", "yb-core.sm2-department-public"),
)
"""SM2 pairs in PEM: OneWindow's own (`sm2-`) and the department's; each public half is what the other side was given."""


SSH_PAIRS = (
    ("rs-card.sftp-key", "rs-card.sftp-key-public"),
    ("rs-card.sftp-host-private", "rs-card.sftp-host-key"),
)
"""SSH pairs as OpenSSH writes them: OneWindow's own, and the server's, whose public half OneWindow pins."""


ENDS_AFTER_DAYS: Mapping[str, int] = {
    "rs-employment.client-secret": 21,
    "mz-benefit.database": 90,  # its log-ins have to be changed every quarter
    "yb-core.token": 180,
    "mz-elder.hmac": 365,
    "scjg-food.md5": 365,
    "wj-birth.token": 365,
}
"""How long departments said their credentials hold from the day they were handed over; the others said nothing."""


def make_secrets(directory: Path) -> None:
    """Make every secret that is not there yet, with the day it ends where its department gave one.

    Files have mode 0600, the directory 0700.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, make in SHARED.items():
        if not (directory / name).exists():
            _write(directory / name, make())
    for private, public in KEY_PAIRS:
        if not ((directory / private).exists() and (directory / public).exists()):
            private_pem, public_pem = generate_key()
            _write(directory / private, private_pem)
            _write(directory / public, public_pem)
    for private, public in SSH_PAIRS:
        if not ((directory / private).exists() and (directory / public).exists()):
            key = asyncssh.generate_private_key("ssh-ed25519")
            _write(directory / private, key.export_private_key())
            _write(directory / public, key.export_public_key())
    today = utc_now().astimezone(SHANGHAI).date()
    for name, days in ENDS_AFTER_DAYS.items():
        if not (directory / f"{name}.expires").exists():
            _write(directory / f"{name}.expires", f"{today + timedelta(days=days)}\n".encode())


def _write(path: Path, content: bytes) -> None:
    # Written beside and renamed, so that a process killed here leaves no half secret behind.
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    beside.replace(path)


def read_from(directory: Path) -> Callable[[str], bytes]:
    """Return a reader of secrets by name.

    The reader raises FileNotFoundError for a name nobody made.
    """
    return lambda name: (directory / name).read_bytes().strip()
