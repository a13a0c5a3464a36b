"""A system comes into service through the pages alone: registered, tested, approved by another, tried, live, and a case goes there.

It has a checkout of its own, with a guide whose cases go to a system nobody has registered yet.
"""

import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.blanks import filled
from tests.browser import axe
from tests.browser.clerk import Clerk
from tests.doubles.departments import served
from tests.functional.test_adding_a_system import checkout
from tests.servers.api_caller import ApiCaller
from tests.servers.child import start_child, stop_child
from tests.servers.followed_page import Checkout
from tests.servers.installation import Installation
from tests.servers.matters import application_for
from tests.servers.ports import free_base_port

__all__ = ["checkout"]
ELDER = "05-elder-respect-allowance"
ANSWERS = {"凭据文件名": "mz-bus-card.token", "状态值：办结": "2", "接口路径": "api/cards", "查询路径": "api/cards",
           "字段：部门编号": "cardNo", "字段：办理状态": "state"}  # fmt: skip
PHONE, DESK = ViewportSize(width=320, height=640), ViewportSize(width=1280, height=900)


@pytest.fixture
def department() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """The department's test endpoint, and what was sent there."""
    sent: list[dict[str, object]] = []

    async def take(request: Request) -> Response:
        if request.headers.get("x-token") != "trial-token":
            return JSONResponse({}, 401)
        if request.method == "GET":
            return JSONResponse({"cardNo": "C-7", "state": "2"})
        sent.append(await request.json())
        return JSONResponse({"cardNo": "C-7"}, 201)

    with served(Starlette(routes=[Route("/api/cards", take, methods=["GET", "POST"])])) as port:
        yield f"http://127.0.0.1:{port}", sent


@pytest.fixture
def running(checkout: Checkout, department: tuple[str, list[dict[str, object]]]) -> Iterator[Installation]:
    """The demo with the elder-respect allowance going to `mz-bus-card`, which it has an address and a secret for."""
    place, port = checkout.directory, free_base_port()
    matter = place / "config" / "matters" / f"{ELDER}.yaml"
    matter.write_text(matter.read_text("utf-8").replace("system: mz-elder", "system: mz-bus-card"), encoding="utf-8")
    (place / "var" / "secrets").mkdir(mode=0o700, parents=True)
    (place / "var" / "endpoints.yaml").write_text(f"mz-bus-card: {department[0]}\n")
    (place / "var" / "secrets" / "mz-bus-card.token").write_text("trial-token")
    environment = {**checkout.environment(), "PORT": str(port)}
    with (place / "log").open("ab") as output:
        child = start_child(
            [place / "bin" / "onewindow", "demo"],
            output=output,
            cwd=place,
            env=environment,
            at_parents_death=signal.SIGTERM,
        )
    started = Installation(child=child, directory=place, port=port, environment=environment)
    started.wait_until_ready()
    yield started
    stop_child(started.child, signal.SIGINT)


def accessible(page: Page) -> None:
    """Look on a desk and on the narrowest phone."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        axe.accessible(page)


def _person(browser: Browser, running: Installation, username: str) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport=DESK, locale="zh-CN", base_url=running.base_url)
    page = context.new_page()
    Clerk.sign_in(page, running, username)
    return context, page


def _step(page: Page, to: str, reason: str) -> None:
    form = page.locator(f"form:has(button[name=to][value={to}])")
    form.locator("input[name=reason]").fill(reason)
    form.locator(f"button[name=to][value={to}]").click()
    page.wait_for_load_state("load")
    accessible(page)


def test_a_system_comes_into_service_through_the_pages(
    browser: Browser, running: Installation, department: tuple[str, list[dict[str, object]]]
) -> None:
    of_owner, owner = _person(browser, running, "owner")
    of_other, other = _person(browser, running, "admin")
    _register(owner)
    other.goto("/registrations/mz-bus-card/1/text")
    _write(owner)
    _save_second(other)
    for place in ("changes", "coverage", "examples", "dry-run"):
        owner.goto(f"/registrations/mz-bus-card/1/{place}")
        accessible(owner)
    owner.goto("/registrations/mz-bus-card/1")
    accessible(owner)
    _step(owner, "tested", "请审批")
    other.goto("/registrations")
    accessible(other)
    other.locator("section:has(#waiting-title) a").first.click()
    _step(other, "approved", "已核对")
    owner.reload()
    form = owner.locator("form:has(button[value=canary])")
    form.locator("input[name=other_regions]").fill("320105007")
    _step(owner, "canary", "先在一个街道试")
    here = _case(running, seed=71)
    assert here["deliveries"][0]["department_number"] == "C-7"
    assert [sent["caseNo"] for sent in department[1]] == [here["number"]]
    _step(owner, "live", "试运行正常")
    _case(running, seed=72)
    assert len(department[1]) == 2
    _dry_run(owner, str(here["number"]), str(department[1][0]["applicant_id_number"]))
    for place in ("", "/data-flow", "/1/text"):
        owner.goto(f"/registrations/mz-bus-card{place}")
        accessible(owner)
    owner.goto("/registrations/mz-bus-card/1")
    _step(owner, "draining", "部门系统下线")
    _carry(browser, running, "mz-bus-card")
    owner.locator("button[lang=en]").click()
    for place in ("", "/data-flow", "/1", "/1/coverage", "/1/examples"):
        owner.goto(f"/registrations/mz-bus-card{place}")
        accessible(owner)
    of_owner.close()
    of_other.close()


def _carry(browser: Browser, running: Installation, system: str) -> None:
    """What is taken in from now on is carried by hand, many at once: by keyboard alone, a number in the first row."""
    # Each process hears of the change within seconds; until then a case is still sent.
    brought = (
        each for seed in range(73, 93) if (each := _case(running, seed=seed))["deliveries"][0]["state"] == "desk"
    )
    first, second = next(brought), next(brought)
    of_clerk, clerk = _person(browser, running, "clerk")
    clerk.goto("/desk")
    clerk.locator(f"a[href='/desk/carrying/{system}']").press("Enter")
    clerk.wait_for_url(f"**/desk/carrying/{system}")
    accessible(clerk)
    rows = clerk.locator("input[name^=number-]")
    expect(rows).to_have_count(2)
    rows.first.press("Enter")  # nothing is filled in yet
    expect(clerk.locator(".error-summary")).to_be_focused()
    accessible(clerk)
    rows.first.fill("SL-1")
    rows.first.press("Enter")
    expect(clerk.locator("main [role=status]")).to_contain_text("已记录 1 件")
    expect(rows).to_have_count(1)
    accessible(clerk)
    clerk.goto(f"/desk/carrying/{system}/packs")
    accessible(clerk)
    shown = clerk.locator("main").inner_text()
    assert (str(first["number"]) in shown) is not (str(second["number"]) in shown), "the other one was carried"
    clerk.emulate_media(media="print")
    accessible(clerk)
    of_clerk.close()


def _register(page: Page) -> None:
    """Step 1, by keyboard alone, after leaving everything empty once."""
    page.goto("/systems")
    page.get_by_role("link", name="登记与版本").click()
    page.get_by_role("link", name="登记新系统").click()
    accessible(page)
    page.locator("main button[type=submit]").press("Enter")
    expect(page.locator("#error-summary")).to_be_focused()
    accessible(page)
    for name, text in (("id", "mz-bus-card"), ("name", "敬老优待卡系统"), ("name_en", "Senior travel card system")):
        page.locator(f"#{name}").fill(text)
    page.locator("#department").select_option("mz")
    page.locator("#transport-rest_json").press("Space")
    page.locator("#matter").select_option(ELDER)
    page.locator("main button[type=submit]").press("Enter")
    page.wait_for_url("**/mz-bus-card/1/text")


def _write(page: Page) -> None:
    """Fill the blanks with a mistake, see it told while typing, go to its line, mend it, save."""
    accessible(page)
    box = page.locator("#spec-text")
    text = filled(box.input_value(), lambda blank: ANSWERS.get(blank, "?"))
    assert "《？" not in re.sub(r"#.*", "", text)
    box.fill(text.replace("class: refused", "class: refuse"))
    told = page.locator("#registration-checked")
    expect(told).to_contain_text("是不是想写 refused？", timeout=20_000)
    accessible(page)
    told.locator("a[data-line]").first.click()
    marked = page.evaluate(
        "() => window.getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    assert "class: refuse}" in marked
    page.goto("/registrations/mz-bus-card/1/text")  # nothing was saved, nothing is lost
    expect(page.locator("main")).to_contain_text("已恢复您上次没有保存的内容")
    accessible(page)
    box.fill(text)
    expect(told).to_contain_text("没有发现错误", timeout=20_000)
    page.locator("button[name=then][value=stay]").click()
    page.wait_for_url("**saved=1")
    accessible(page)


def _save_second(page: Page) -> None:
    """Save what was opened before somebody else saved: told, shown both, nothing overwritten; then give way."""
    page.locator("#spec-text").fill("id: mz-bus-card")
    page.locator("button[name=then][value=stay]").click()
    expect(page.locator("[role=alert]")).to_contain_text("孙丽萍 在您编写时保存了这份草稿")
    expect(page.locator("#spec-text")).to_have_value("id: mz-bus-card\n")
    accessible(page)
    page.get_by_role("button", name="放弃我的内容").click()
    expect(page.locator("#registration-checked")).to_contain_text("没有发现错误")


def _dry_run(page: Page, number: str, id_number: str) -> None:
    page.goto("/registrations/mz-bus-card/1/dry-run")
    page.locator(f"button[name=case][value='{number}']").click()
    expect(page.locator("main pre")).to_contain_text(number)
    assert id_number not in page.content()
    accessible(page)


def _case(running: Installation, *, seed: int) -> dict[str, object]:
    """Take in a case by the API of a window in the trial's street; return it once it is approved."""
    caller = ApiCaller.of(running)
    answer = caller.submit(application_for(ELDER, seed=seed).as_json())
    assert answer.status_code == 201, answer.text
    found = caller.settled(answer.json()["number"])
    caller.close()
    return found  # type: ignore[no-any-return]
