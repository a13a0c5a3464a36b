"""What `onewindow demo` needs before it can serve: an environment, secrets, the departments' process, a welcome.

Everything is kept under the var directory, so a second start finds accounts, cases and departments as they were.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

import chinese_calendar
import yaml

from config.clock import SHANGHAI
from demo.ground.entry import every_entry
from demo.ground.secrets import make_secrets
from demo.lane import PATH, has_lane
from demo.lines import line_of, test_line_of
from demo.seed import ACCOUNTS, DEMO_PASSWORD, ensure_client_secrets, system_address

FIRST_DEPARTMENT_AFTER = 100
_DEPARTMENTS = "departments"
_HOURS = "ONEWINDOW_DEMO_HOURS"
_SPEED = "ONEWINDOW_DEMO_SPEED"
_OWN_VARIABLES = (_HOURS, _SPEED)
# Departments settle accounts around the turn of a month and of the year, and one takes new entries from January to
# March only: on a day between these all of them are open.
_ORDINARY_DAYS = range(3, 26)
_ORDINARY_MONTHS = range(1, 4)
_OPENING = time(10, 0)
_FRIDAY = 4


def demo_environment(port: int, environ: Mapping[str, str], *, at: datetime) -> dict[str, str]:
    """Return the ONEWINDOW_ variables of a demo on `port`; what the caller has set itself stays."""
    var = Path(environ.get("ONEWINDOW_VAR_DIR", "var")).absolute()
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    offset = timedelta() if environ.get(_HOURS) == "real" else hours_offset(at)
    own = {
        "ONEWINDOW_DEMO": "true",
        "ONEWINDOW_HOST": "127.0.0.1",
        "ONEWINDOW_PORT": str(port),
        "ONEWINDOW_BASE_URL": f"http://127.0.0.1:{port}",
        "ONEWINDOW_VAR_DIR": str(var),
        "ONEWINDOW_DATABASE_URL": f"sqlite+aiosqlite:///{var / 'onewindow.db'}",
        "ONEWINDOW_SECRETS_DIR": str(var / "secrets"),
        "ONEWINDOW_ENDPOINTS_FILE": str(_write_endpoints(var, port)),
        "ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS": str(offset.total_seconds()),
        "ONEWINDOW_LOG_FORMAT": "text",
        "ONEWINDOW_LOG_LEVEL": "warning",
        "ONEWINDOW_SECRET_KEY": _secret_key(var),
    }
    given = {k: v for k, v in environ.items() if k.startswith("ONEWINDOW_") and k not in _OWN_VARIABLES}
    return own | given


def hours_offset(at: datetime) -> timedelta:
    """Return how far the departments' clock runs from `at`, so that their day begins at ten on an ordinary working day.

    That is the latest working day up to today on which all 13 systems are open.
    """
    day = at.astimezone(SHANGHAI).date()
    while not _is_ordinary(day):
        day -= timedelta(days=1)
    return datetime.combine(day, _OPENING, SHANGHAI) - at


def _is_ordinary(day: date) -> bool:
    in_season = day.month in _ORDINARY_MONTHS and day.day in _ORDINARY_DAYS
    return in_season and day.weekday() <= _FRIDAY and not _is_holiday(day)


def _is_holiday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_holiday(day))
    except NotImplementedError:
        return False  # a year not announced yet: weekends are all the demo needs to avoid


def prepare_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Make what departments and OneWindow share, and return the clients' secrets by client_id."""
    directory = Path(environment["ONEWINDOW_SECRETS_DIR"])
    make_secrets(directory)
    return ensure_client_secrets(directory, first_port(environment))


def first_port(environment: Mapping[str, str]) -> int:
    """Return the port of the first department."""
    return int(environment["ONEWINDOW_PORT"]) + FIRST_DEPARTMENT_AFTER


@contextmanager
def departments(environment: Mapping[str, str], environ: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the simulated departments in a process of their own until the block ends."""
    base_url = environment["ONEWINDOW_BASE_URL"]
    command = [
        *(sys.executable, "-m", "demo.systems"),
        *("--port", str(first_port(environment))),
        *("--dir", str(Path(environment["ONEWINDOW_VAR_DIR"]) / _DEPARTMENTS)),
        *("--issuer", environment.get("ONEWINDOW_ISSUER", f"{base_url}/idp")),
        *("--callbacks", f"{base_url}/callbacks"),
        *("--secrets", environment["ONEWINDOW_SECRETS_DIR"]),
        *("--clock-offset", environment["ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS"]),
        *("--speed", environ.get(_SPEED, "20")),
    ]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_facts(environment: Mapping[str, str], facts: Mapping[str, object]) -> Path:
    """Write var/demo.json for its owner only, whole or not at all."""
    path = Path(environment["ONEWINDOW_VAR_DIR"]) / "demo.json"
    _write_private(path, json.dumps(facts, ensure_ascii=False, indent=2))
    return path


def welcome(base_url: str) -> str:
    """Return what is printed once everything answers."""
    rows = [f"  {a.username:<10} {DEMO_PASSWORD}   {a.name}  {', '.join(a.roles)}  {a.unit.name}" for a in ACCOUNTS]
    return "\n".join(
        [
            "",
            f"一窗 OneWindow   {base_url}/",
            f"办件查询 status  {base_url}/status",
            "",
            "演示账号(仅限本机) demo accounts, this machine only:",
            *rows,
            *(
                f"  {a.username}: 另需动态码，密钥 also asks for a one-time code, key {a.totp_key}"
                for a in ACCOUNTS
                if a.totp_key
            ),
            "",
            "13 个模拟部门系统 13 simulated departments: "
            f"{base_url.rsplit(':', 1)[0]}:{int(base_url.rsplit(':', 1)[1]) + FIRST_DEPARTMENT_AFTER} …",
            "Ctrl-C 全部结束 ends all of it",
            "",
        ]
    )


def _write_endpoints(var: Path, port: int) -> Path:
    first = port + FIRST_DEPARTMENT_AFTER
    addresses: dict[str, str] = {}
    for index, entry in enumerate(every_entry()):
        addresses[entry.id] = system_address(first, index)
        if (line := line_of(entry, first_port=first, directory=var / _DEPARTMENTS)) is not None:
            addresses[f"{entry.id}.{line[0]}"] = line[1]
        if has_lane(entry):
            addresses[f"{entry.id}.test"] = system_address(first, index) + PATH
            if (line := test_line_of(entry, first_port=first, directory=var / _DEPARTMENTS)) is not None:
                addresses[f"{entry.id}.test.{line[0]}"] = line[1]
    path = var / "endpoints.yaml"
    _write_private(path, yaml.safe_dump(_added_lines(path, but={entry.id for entry in every_entry()}) | addresses))
    return path


def _added_lines(path: Path, *, but: Set[str]) -> dict[str, str]:
    """Return the lines that a person added for systems of their own, which a new start keeps."""
    found = yaml.safe_load(path.read_text("utf-8")) if path.exists() else None
    added = found if isinstance(found, dict) else {}
    return {str(name): str(address) for name, address in added.items() if str(name).partition(".")[0] not in but}


def _secret_key(var: Path) -> str:
    path = var / "secret_key"
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
