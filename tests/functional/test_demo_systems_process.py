"""`python -m demo.systems` as a program: starts whole, stops at a word, leaves nothing behind and forgets nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import httpx2
import pytest

from demo.desk.entry_form import ENTRY_FORMS
from demo.ground.entry import load_entries
from demo.pages.department import LOCAL
from tests.servers.child import start_child, stop_child, wait_until
from tests.servers.ports import free_base_port

ROOT = Path(__file__).parents[2]
SYSTEMS = len(load_entries())
STOPS_WITHIN_SECONDS = 5.0
NUMBER = "320105007-261123-GJ002-000001"


@dataclass(slots=True)
class Program:
    """The simulated systems on free ports, with what they keep in `directory`."""

    directory: Path
    port: int = field(default_factory=lambda: free_base_port() + 100)
    more: tuple[str, ...] = ()
    child: "subprocess.Popen[bytes] | None" = None

    @property
    def command(self) -> list[str]:
        options = {"--port": self.port, "--dir": self.directory / "stores", "--secrets": self.directory / "secrets"}
        return [sys.executable, "-m", "demo.systems", *(str(w) for pair in options.items() for w in pair), *self.more]

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("wb") as output:
            self.child = start_child(self.command, output=output, cwd=ROOT)
        wait_until(self.is_ready, self.child, log=self.log, within_seconds=30)
        return self.child

    def is_ready(self) -> bool:
        # The last line is printed when all sockets listen.
        return self.log.exists() and self.log.read_text().count("http://127.0.0.1") >= SYSTEMS

    def address(self, index: int) -> str:
        return f"http://127.0.0.1:{self.port + index}"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.child is not None:
        stop_child(made.child, signal.SIGKILL)


def seconds_until(holds: Callable[[], bool]) -> float:
    """Return how long it took, at most ten seconds."""
    began = monotonic()
    while not holds() and monotonic() - began < 10:
        sleep(0.02)
    return monotonic() - began


def is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_all_systems_answer_under_their_own_names(program: Program) -> None:
    program.start()
    lines = program.log.read_text().splitlines()
    for index, entry in enumerate(load_entries()):
        assert lines[index].split()[:2] == [entry.id, f"{program.address(index)}/"]
        assert httpx2.get(f"{program.address(index)}/received").json() == []
        assert entry.name in httpx2.get(f"{program.address(index)}/", follow_redirects=True).text


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(program: Program, how: signal.Signals) -> None:
    child = program.start()
    child.send_signal(how)
    assert child.wait(STOPS_WITHIN_SECONDS) == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(program.address(0))


def test_an_answer_that_takes_its_time_does_not_hold_up_the_stop(program: Program) -> None:
    program.more = ("--speed", "0.001")
    child = program.start()

    def ask() -> None:
        with suppress(httpx2.TransportError):
            httpx2.get(f"{program.address(1)}/openapi/v1/cases?outCaseNo={NUMBER}", timeout=30)

    asking = threading.Thread(target=ask)
    asking.start()
    sleep(0.5)
    assert asking.is_alive()
    child.send_signal(signal.SIGTERM)
    assert child.wait(STOPS_WITHIN_SECONDS) == 0
    asking.join(5)


def test_it_ends_when_the_program_that_started_it_is_killed(program: Program) -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[2:], stdout=open(sys.argv[1], 'wb'))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, program.log, *program.command], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    grandchild = int(parent.stdout.readline())
    parent.stdout.close()
    try:
        wait_until(program.is_ready, parent, log=program.log, within_seconds=30)
        assert is_alive(grandchild)
        parent.kill()
        parent.wait()
        assert seconds_until(lambda: not is_alive(grandchild)) < STOPS_WITHIN_SECONDS
    finally:
        if is_alive(grandchild):
            os.kill(grandchild, signal.SIGKILL)


def test_a_taken_port_is_named_and_nothing_is_started(program: Program) -> None:
    program.start()
    ended = subprocess.run(program.command, cwd=ROOT, capture_output=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert f"端口 {program.port} 已被占用" in ended.stderr.decode()


def test_what_was_keyed_in_is_there_after_a_kill(program: Program) -> None:
    child = program.start()
    index = [entry.id for entry in load_entries()].index("gjj-core")
    sign_on, form = LOCAL["gjj-core"], ENTRY_FORMS["gjj-core"]
    typed = {
        "number": NUMBER,
        "operation": next(iter(form.operations)),
        "DWZH": "993784105522",
        "ZGXM": "呼延灼",
        "SFZHM": "993350190802016074",
        "QSY": "202611",
    }
    with httpx2.Client(base_url=program.address(index), headers={"origin": program.address(index)}) as browser:
        browser.post("/login", data={"username": sign_on.accounts[0].username, "password": sign_on.password})
        answer = browser.post("/entries", data=typed)
        assert answer.status_code == 303
        child.kill()
        child.wait()
    program.start()
    (received,) = json.loads(httpx2.get(f"{program.address(index)}/received", params={"number": NUMBER}).text)
    assert (received["number"], received["times"]) == (NUMBER, 1)
    assert len(received["payload_sha256"]) == 64


def test_secrets_are_made_once_for_both_sides(program: Program) -> None:
    child = program.start()
    made = {path.name: path.read_bytes() for path in (program.directory / "secrets").iterdir()}
    assert {"mz-elder.client_secret", "rs-employment.client_secret", "wj-birth.client_secret"} <= made.keys()
    stop_child(child, signal.SIGTERM)
    program.start()
    assert {path.name: path.read_bytes() for path in (program.directory / "secrets").iterdir()} == made
