"""The departments' pages in a real browser: accessible in every look and state, usable by keyboard and on a phone."""

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from demo.desk.entry_form import ENTRY_FORMS, Kind
from demo.ground.entry import load_entries
from demo.pages.department import LOCAL
from demo.seed import ensure_client_secrets
from tests.browser.axe import violations
from tests.doubles.small_provider import SmallProvider
from tests.servers.child import private_directory, start_child, stop_child, wait_until
from tests.servers.ports import free_base_port

ROOT = Path(__file__).parents[2]
IDS = [entry.id for entry in load_entries()]
OIDC = [entry.id for entry in load_entries() if entry.sso == "oidc"]
FIRST = "the first choice"
PHONE = {"width": 320, "height": 640}


class Departments:
    """The 13 systems, and a provider for each that signs people on, all on ports of their own."""

    def __init__(self, directory: Path) -> None:
        self.port = free_base_port() + 100
        self.directory = directory
        self._secrets = ensure_client_secrets(directory / "secrets", self.port)
        self._providers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def address(self, system_id: str) -> str:
        return f"http://127.0.0.1:{self.port + IDS.index(system_id)}"

    def start(self, signs_on: str) -> None:
        """Start everything; the provider knows the client `signs_on`."""
        listening = socket.create_server(("127.0.0.1", 0))
        issuer = f"http://127.0.0.1:{listening.getsockname()[1]}/idp"
        provider = SmallProvider(issuer, signs_on, self._secrets[signs_on])
        server = uvicorn.Server(uvicorn.Config(provider.app(), log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        self._providers.append((server, thread))
        log = self.directory / "log"
        # In February every system takes new entries.
        ahead = (date(date.today().year + 1, 2, 10) - date.today()).days * 86_400  # noqa: DTZ011  # any day will do
        command = [sys.executable, "-m", "demo.systems", "--port", str(self.port), "--issuer", issuer,
                   "--dir", self.directory / "stores", "--secrets", self.directory / "secrets", "--clock-offset", str(ahead)]  # fmt: skip
        with log.open("wb") as output:
            self.child = start_child(command, output=output, cwd=ROOT)
        wait_until(lambda: log.read_text().count("http://127") >= len(IDS), self.child, log=log, within_seconds=30)

    def stop(self) -> None:
        stop_child(self.child, signal.SIGTERM)
        for server, thread in self._providers:
            server.should_exit = True
            thread.join(5)


@pytest.fixture(scope="module")
def departments() -> Iterator[Departments]:
    made = Departments(private_directory("departments"))
    made.start("rs-employment")
    yield made
    made.stop()


def sign_in(page: Page, departments: Departments, system_id: str) -> None:
    sign_on = LOCAL[system_id]
    page.goto(departments.address(system_id))
    page.get_by_label("账号", exact=True).fill(sign_on.accounts[0].username)
    page.get_by_label("口令", exact=True).fill(sign_on.password)
    if sign_on.asks_code:
        page.locator("#code").fill(page.locator("label[for=code] .number").inner_text())
    if sign_on.ukey_pin:
        page.locator("#ukey_pin").fill(sign_on.ukey_pin)
    page.locator("form.sign-in button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(sign_on.accounts[0].post)


def fill_in(page: Page, system_id: str) -> None:
    by_kind = {Kind.NAME: "林黛玉", Kind.ID_NUMBER: "99796919020503158X", Kind.ID_NUMBERS: "", Kind.MONTH: "202611",
               Kind.YEAR: "2026", Kind.TEXT: "320105"}  # fmt: skip
    page.locator("#number").fill("320105007-261123-MZ004-000371")
    page.locator("#operation").select_option(index=1)
    for field in ENTRY_FORMS[system_id].fields:
        place = page.locator(f"[id='{field.name}']")
        if field.kind is Kind.CHOICE:
            place.select_option(index=1)
        else:
            place.fill(by_kind[field.kind])


def is_narrow_enough(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("system_id", IDS)
def test_the_first_page_has_no_accessibility_fault_and_fits_a_phone(
    page: Page, departments: Departments, system_id: str
) -> None:
    page.goto(departments.address(system_id))
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert is_narrow_enough(page)
    assert violations(page) == []


@pytest.mark.parametrize("system_id", ENTRY_FORMS)
def test_the_counter_has_no_accessibility_fault_empty_wrong_or_filled(
    page: Page, departments: Departments, system_id: str
) -> None:
    sign_in(page, departments, system_id)
    assert violations(page) == []
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("请更正以下内容")
    assert violations(page) == []
    fill_in(page, system_id)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert is_narrow_enough(page)
    assert violations(page) == []


def test_a_case_is_keyed_in_and_moved_on_by_keyboard_alone(page: Page, departments: Departments) -> None:
    system_id = "mz-benefit"
    sign_in(page, departments, system_id)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#number")).to_be_focused()
    typed = ("320206003-261123-MZ006-000009", FIRST, "贾宝玉", "994467190907041210", "99446719090704121042", FIRST)
    for text in typed:
        # A list is chosen from with the arrow, everything else is typed.
        page.keyboard.press("ArrowDown") if text == FIRST else page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已录入，业务编号")
    row = page.get_by_role("row").filter(has_text="320206003-261123-MZ006-000009")
    row.get_by_role("button", name="审核").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("状态已更新")
    expect(row).to_contain_text("审核 2")


def test_a_tile_signs_on_shows_who_came_in_and_signs_out_again(page: Page, departments: Departments) -> None:
    address = departments.address("rs-employment")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/login")
    expect(page).to_have_url(f"{address}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("王晓芸，您好")
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert is_narrow_enough(page)
    # The answer to this form leads to the provider and back: form-action must let it.
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="使用一窗登录")).to_be_visible()
    assert refused == []


@pytest.mark.parametrize("system_id", sorted(set(OIDC) - {"rs-employment"}))
def test_a_refusal_has_no_accessibility_fault(page: Page, departments: Departments, system_id: str) -> None:
    # The provider here knows one client only: the others' codes are refused at the token endpoint.
    page.goto(f"{departments.address(system_id)}/login")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
