"""docs/adding-a-system.md, followed word by word: what a newcomer writes and types brings a case to a department."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.clock import SHANGHAI
from demo.forms import make_application, situations
from tests.doubles.scripted_department import Department, serving
from tests.servers.api_caller import ApiCaller
from tests.servers.child import private_directory, start_child, stop_child
from tests.servers.followed_page import (
    NEEDED,
    ROOT,
    Checkout,
    NotAsShown,
    Typed,
    WrittenFile,
    check_shown,
    onewindow_in,
    steps,
)
from tests.servers.installation import Installation
from tests.servers.ports import free_base_port
from tests.servers.visitor import Visitor

PAGE = (ROOT / "docs" / "adding-a-system.md").read_text("utf-8")
MATTER = "config/matters-ext/E03-senior-travel-card.yaml"
START = "onewindow demo"
COPIED_SYSTEMS, COPIED_MATTERS = frozenset({"mz-elder.yaml"}), frozenset({"05-elder-respect-allowance.yaml"})
"""What the page builds on. The other systems and guides would only be read again by each command."""
WITHIN_SECONDS = 60


async def card_office(request: Request, content: bytes) -> Response:
    """Answer as the page says this department does: a card at once, its approval when asked."""
    if request.headers.get("x-token") != "trial-token-of-the-card-system":
        return JSONResponse({"message": "who are you?"}, 401)
    if request.method == "POST":
        return JSONResponse({"code": "OK", "cardNo": "C-7", "state": "1"}, 201)
    if request.url.path == "/api/cards/C-7":
        return JSONResponse({"cardNo": "C-7", "state": "2", "message": "已制卡"})
    return JSONResponse({}, 404)


def _ignored(directory: str, names: list[str]) -> set[str]:
    left: set[str] = set()
    kept = {"systems": COPIED_SYSTEMS, "matters": COPIED_MATTERS, "matters-ext": frozenset[str]()}.get(
        Path(directory).name
    )
    if kept is not None and Path(directory).parent.name == "config":
        left |= {name for name in names if name.endswith(".yaml")} - kept
    return left


def _leave_out_what_is_not_copied(config: Path) -> None:
    """What flows back and what follows from an event goes to systems that were left out of the copy."""
    reflux, fanouts, bundles = config / "reflux.yaml", config / "fanouts.yaml", config / "bundles" / "bundles.yaml"
    declared = yaml.safe_load(reflux.read_text("utf-8"))
    declared["receivers"] = [each for each in declared["receivers"] if each["way"] != "system"]
    reflux.write_text(yaml.safe_dump(declared | {"decided": {}, "fields": {}}, allow_unicode=True), "utf-8")
    for file, part in ((fanouts, "fanouts"), (bundles, "event_fanouts")):
        declared = yaml.safe_load(file.read_text("utf-8"))
        file.write_text(yaml.safe_dump(declared | {part: []}, allow_unicode=True), "utf-8")


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    directory = private_directory("newcomer")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, directory / name, ignore=_ignored)
        else:
            shutil.copy(ROOT / name, directory / name)
    _leave_out_what_is_not_copied(directory / "config")
    onewindow_in(directory)
    yield Checkout(directory)
    shutil.rmtree(directory, ignore_errors=True)


def _start(checkout: Checkout, port: int) -> Installation:
    environment = {**checkout.environment(), "PORT": str(port)}
    with (checkout.directory / "log").open("ab") as output:
        child = start_child(
            [checkout.directory / "bin" / "onewindow", "demo"],
            output=output,
            cwd=checkout.directory,
            env=environment,
            at_parents_death=signal.SIGTERM,
        )
    return Installation(child=child, directory=checkout.directory, port=port, environment=environment)


def _look(started: Installation) -> None:
    """Step 8: the clerk's tile and the owner's page."""
    clerk, owner = Visitor.come(), Visitor.come()
    account = started.account("clerk")
    assert "敬老优待卡系统" in clerk.sign_in(started.base_url, "clerk", account["password"]).text
    owner.sign_in(started.base_url, "owner", started.account("owner")["password"])
    page = owner.get(f"{started.base_url}/systems/mz-bus-card")
    assert page.status == 200
    for told in ("mz-bus-card.token", "CARD_APPLY", "requestNo", "form.applicant_phone"):
        assert told in page.text
    assert "trial-token-of-the-card-system" not in page.text
    assert "mz-bus-card" in owner.get(f"{started.base_url}/systems").text
    clerk.close()
    owner.close()


def _take_in_one_case(started: Installation, checkout: Checkout) -> tuple[str, dict[str, Any]]:
    """Step 9, as a program does it; return the case's number and the form that was filled."""
    matter = yaml.safe_load((checkout.directory / MATTER).read_text("utf-8"))
    made = make_application(matter, situations(matter)[0], seed=7, at=datetime.now(SHANGHAI).date())
    caller = ApiCaller.of(started)
    answer = caller.submit(made.as_json())
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    until = monotonic() + WITHIN_SECONDS
    while (case := caller.case(number))["status"] != "completed_approved" and monotonic() < until:
        sleep(0.2)
    caller.close()
    assert case["status"] == "completed_approved"
    assert case["deliveries"][0]["department_number"] == "C-7"
    return number, dict(made.form)


async def test_following_the_page_brings_a_case_to_the_department_and_its_result_back(checkout: Checkout) -> None:
    port, department = free_base_port(), Department(script=card_office)
    started: Installation | None = None
    async with serving(department):
        checkout.said.update({"http://127.0.0.1:29500": department.base_url, "127.0.0.1:8000": f"127.0.0.1:{port}"})
        try:
            for step in steps(PAGE):
                if not isinstance(step, Typed) or step.command != START:
                    await asyncio.to_thread(checkout.follow, step)
                    continue
                started = _start(checkout, port)
                await asyncio.to_thread(started.wait_until_ready)
                check_shown(checkout.here(step.shown), started.log, of=step.command)
                await asyncio.to_thread(_look, started)
                checkout.variables["NUMBER"], form = await asyncio.to_thread(_take_in_one_case, started, checkout)
        finally:
            if started is not None:
                await asyncio.to_thread(stop_child, started.child, signal.SIGINT)
    [sent] = department.sent()
    assert sent.path == "/api/cards"
    assert sent.json["requestNo"] == checkout.variables["NUMBER"]
    assert sent.json["name"] == form["applicant_name"]
    assert sent.json["phone"] == form["applicant_phone"]


def test_the_page_asks_for_a_file_and_every_command_an_owner_has() -> None:
    asked = list(steps(PAGE))
    assert [step.path for step in asked if isinstance(step, WrittenFile)] == ["config/systems/mz-bus-card.yaml"]
    typed = "\n".join(step.command for step in asked if isinstance(step, Typed))
    for command in ("lint", "coverage", "test", "diff", "dry-run"):
        assert f"onewindow connector {command}" in typed
    assert START in typed


@pytest.mark.parametrize("page", ["README.md", "README.zh.md", "docs/connectors.md"])
def test_the_page_is_found_from_where_newcomers_begin(page: str) -> None:
    assert "adding-a-system.md" in (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize("told", ["a\nb\n", "a 1\nx\ny\nb\n"])
def test_what_varies_may_vary(told: str) -> None:
    check_shown("a…\n…\nb\n", told, of="x")


@pytest.mark.parametrize("told", ["", "a\n", "c\nb\n", "a\nb\nc\n"])
def test_what_the_page_shows_otherwise_is_told(told: str) -> None:
    with pytest.raises(NotAsShown):
        check_shown("a…\n…\nb\n", told, of="x")


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotAsShown, match="ended with 3"):
        Checkout(tmp_path, variables={"PATH": os.environ["PATH"]}).follow(Typed("exit 3", ""))
