"""Registering a system through the pages, without scripts: from what it is to its retirement, and what is refused on the way."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import utc_now
from config.storage.memory_state import MemoryStateStore
from connectors.app import ship_systems
from connectors.blanks import filled
from tests.doubles.clerk_house import BASE, ROOT, House, Visitor, guides, house
from tests.servers.visitor import Page

MATTER = "05-elder-respect-allowance"
NEW = {
    "id": "mz-bus-card",
    "name": "敬老优待卡系统",
    "name_en": "Senior travel card system",
    "department": "mz",
    "transport": "rest_json",
}


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mz-bus-card.token").write_text("t")
    for name in ("mz-elder.hmac",):
        (secrets / name).write_text("s")
    async with house(embedded, MemoryStateStore(), tmp_path, ONEWINDOW_SECRETS_DIR=str(secrets)) as opened:
        with (tmp_path / "endpoints.yaml").open("a", encoding="utf-8") as file:
            file.write("\nmz-bus-card: http://127.0.0.1:9\n")
        await ship_systems(embedded, ROOT / "config" / "systems", at=utc_now())
        yield opened


def typed_text(page: Page) -> str:
    """Return what stands in the editor."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)
    assert found, page.text[:2000]
    return html.unescape(found[1])


def fill(blank: str) -> str:
    return {"凭据文件名": "mz-bus-card.token", "状态值：办结": "30"}.get(blank, "abc")


async def draft(visitor: Visitor, **changes: str) -> Page:
    """Register the new system and return the editor's page."""
    page = await visitor.get("/registrations/new")
    return await visitor.submit(page, page.form(having="transport"), {**NEW, **changes})


async def write(visitor: Visitor, page: Page, text: str, *, then: str = "stay") -> Page:
    return await visitor.submit(page, page.form(having="text"), {"text": text}, button=("then", then))


async def step(visitor: Visitor, page: Page, to: str, reason: str = "试用", **more: str) -> Page:
    """Take a step by the button of its form."""
    form = next(f for f in page.forms if ("to", to) in f.buttons)
    return await visitor.submit(page, form, {"reason": reason, **more}, button=("to", to))


async def to_approval(visitor: Visitor) -> Page:
    """Write a whole spec and send it for approval."""
    page = await draft(visitor)
    await write(visitor, page, filled(typed_text(page), fill))
    return await step(visitor, await visitor.get("/registrations/mz-bus-card/1"), "tested")


# ---- the whole way ----


async def test_a_system_is_registered_written_tested_approved_by_another_and_goes_live(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    page = await draft(owner)
    assert page.url == f"{BASE}/registrations/mz-bus-card/1/text"
    text = typed_text(page)
    assert "《？凭据文件名》" in text
    assert "还有一处空没有填写" in page.text
    page = await write(owner, page, filled(text, fill))
    assert "已保存" in page.text
    assert "没有发现错误" in page.text
    for address in ("changes", "coverage", "examples", "dry-run"):
        assert (await owner.get(f"/registrations/mz-bus-card/1/{address}")).status == 200
    page = await step(owner, await owner.get("/registrations/mz-bus-card/1"), "tested", "请审批")
    assert "待审批" in page.text
    assert not any(("to", "approved") in form.buttons for form in page.forms)
    assert "等您审批" in (await other.get("/registrations")).text
    page = await step(other, await other.get("/registrations/mz-bus-card/1"), "approved", "已核对")
    page = await owner.get("/registrations/mz-bus-card/1")
    page = await step(owner, page, "canary", "先试一个街道", other_regions="320105007、320206003")
    assert "试运行" in page.text
    assert "320105007 320206003" in page.text
    page = await step(owner, page, "live", "试运行正常")
    assert "运行中" in page.text
    page = await step(owner, page, "draining", "部门系统下线")
    assert "等待发送" in page.text
    history = (await other.get("/registrations/mz-bus-card")).text
    for told in ("孙丽萍", "吴海燕", "请审批", "已核对", "先试一个街道", "试运行正常"):
        assert told in history


async def test_a_system_is_drained_taken_back_and_at_last_retired(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    await to_approval(owner)
    address = "/registrations/mz-bus-card/1"
    await step(other, await other.get(address), "approved")
    page = await step(owner, await owner.get(address), "live", "上线")
    assert "停用后不再发送" not in page.text, "what is in service is drained first"
    page = await step(owner, page, "draining", "部门要搬机房")
    assert "停办中" in page.text
    page = await step(owner, page, "live", "搬完了")
    assert "运行中" in page.text
    page = await step(owner, page, "draining", "部门系统下线")
    early = await step(owner, page, "retired", "下线")
    assert (early.status, "秒后再停用" in early.text, "下线" in early.text) == (409, True, True)
    one.later += timedelta(seconds=40)
    unsaid = await step(owner, await owner.get(address), "retired", "")
    assert (unsaid.status, "请写明理由" in unsaid.text) == (422, True)
    page = await step(owner, await owner.get(address), "retired", "部门系统已下线，资料已归档")
    assert "已停用" in page.text
    assert not [form for form in page.forms if any(name == "to" for name, _ in form.buttons)], "nothing leads back"
    history = (await other.get("/registrations/mz-bus-card")).text
    for told in ("部门要搬机房", "搬完了", "部门系统下线", "资料已归档"):
        assert told in history


async def test_a_trial_is_stopped_and_an_earlier_version_put_back(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    await to_approval(owner)
    first = "/registrations/mz-bus-card/1"
    await step(other, await other.get(first), "approved")
    await step(owner, await owner.get(first), "canary", "先试", other_regions="320105007")
    page = await step(owner, await owner.get(first), "approved", "部门没有准备好")
    assert "试运行地区" not in page.text.split("<form")[0]
    assert any(("to", "canary") in form.buttons for form in page.forms), "it may be tried again"
    await step(owner, await owner.get(first), "live", "上线")
    versions = await owner.get("/registrations/mz-bus-card")
    page = await owner.submit(versions, versions.form(having="from"))
    await write(owner, page, typed_text(page) + "# 第二版\n")
    second = "/registrations/mz-bus-card/2"
    await step(owner, await owner.get(second), "tested")
    await step(other, await other.get(second), "approved")
    await step(owner, await owner.get(second), "live", "换新")
    assert "已被新版本替换" in (await owner.get(first)).text
    page = await step(owner, await owner.get(first), "live", "新版本不稳定，改回")
    assert "运行中" in page.text
    assert "已被新版本替换" in (await owner.get(second)).text


async def test_a_version_sent_back_goes_on_as_a_new_draft_with_its_reason(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    await to_approval(owner)
    page = await step(other, await other.get("/registrations/mz-bus-card/1"), "sent_back", "超时太短")
    assert page.url.endswith("/registrations/mz-bus-card/2/text")
    assert "mz-bus-card.token" in typed_text(page)
    assert "超时太短" in (await owner.get("/registrations/mz-bus-card")).text


async def test_a_new_version_of_a_system_in_service_shows_what_changes_in_the_data_that_leaves(one: House) -> None:
    owner = await one.person("owner")
    page = await owner.get("/registrations/mz-elder")
    page = await owner.submit(page, page.form(having="from"))
    assert page.url.endswith("/registrations/mz-elder/2/text")
    text = typed_text(page)
    assert "form.applicant_phone" in text
    changed = text.replace("form.applicant_phone", "applicant.phone", 1)
    page = await write(owner, page, changed, then="next")
    assert page.url.endswith("/registrations/mz-elder/2/changes")
    flows, places = page.text.split('id="flows-title"')[1].split('id="places-title"')
    assert "applicant.phone" in flows
    assert "form.applicant_phone" in flows
    assert "applicant.phone" in places
    back = await owner.get("/registrations/mz-elder/1/changes?against=2")
    assert "applicant.phone" in back.text


# ---- nothing typed is lost ----


async def test_a_text_that_does_not_hold_is_kept_and_its_mistakes_are_told_with_line_and_mend(one: House) -> None:
    owner = await one.person("owner")
    page = await draft(owner)
    broken = filled(typed_text(page), fill).replace("class: refused", "class: refuse")
    page = await write(owner, page, broken)
    assert typed_text(page) == broken
    line = next(n for n, each in enumerate(broken.splitlines(), 1) if "class: refuse}" in each)
    assert f'href="#line-{line}"' in page.text
    assert f'<span id="line-{line}" class="wrong">' in page.text
    assert "是不是想写 refused？" in page.text
    assert "这个值不在可用的值之中" in page.text
    overview = await owner.get("/registrations/mz-bus-card/1")
    assert "内容有 1 处错误" in overview.text
    refused = await step(owner, overview, "tested")
    assert refused.status == 409
    assert "还不具备条件" in refused.text


async def test_whatever_is_typed_is_kept(one: House) -> None:
    owner = await one.person("owner")
    page = await draft(owner)
    for text in ("", "[", "a: &a [*a]", "x" * 5_000, "\ufeff: \u0000", "- " * 200, "《？》", "name: 2026-99-99"):
        page = await write(owner, page, text)
        assert page.status == 200, text
        kept = text.replace("\u0000", "\ufffd")
        assert typed_text(page) == (f"{kept}\n" if kept else "")


async def test_who_saves_second_is_told_and_neither_text_is_lost(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    page = await draft(owner)
    text = typed_text(page)
    late = await other.get("/registrations/mz-bus-card/1/text")
    await write(owner, page, text.replace('version: "1"', 'version: "owner"'))
    told = await write(other, late, text.replace('version: "1"', 'version: "admin"'))
    assert told.status == 409
    assert "孙丽萍 在您编写时保存了这份草稿" in told.text
    assert 'version: "admin"' in typed_text(told)
    assert "version: &#34;owner&#34;" in told.text.split('id="both-title"')[1].split("</pre>")[0]
    assert 'version: "owner"' in typed_text(await owner.get("/registrations/mz-bus-card/1/text"))
    # It is still there after looking away, until this person decides.
    again = await other.get("/registrations/mz-bus-card/1/text")
    assert 'version: "admin"' in typed_text(again)
    merged = await write(other, again, typed_text(again))
    assert merged.status == 200
    assert 'version: "admin"' in typed_text(await owner.get("/registrations/mz-bus-card/1/text"))


async def test_what_was_typed_and_not_saved_comes_back_and_can_be_dropped(one: House) -> None:
    owner = await one.person("owner")
    page = await draft(owner)
    form = page.form(having="text")
    checked = await owner.submit(
        page,
        type(form)(action=f"{form.action}/check", method="post", values=form.values),
        {"text": "half a thou"},
        headers={"hx-request": "true"},
    )
    assert 'id="registration-checked"' in checked.text
    assert 'hx-swap-oob="true" id="spec-numbers"' in checked.text
    page = await owner.get("/registrations/mz-bus-card/1/text")
    assert "已恢复您上次没有保存的内容" in page.text
    assert typed_text(page) == "half a thou\n"
    other = await one.person("admin")
    assert "half a thou" not in (await other.get("/registrations/mz-bus-card/1/text")).text
    page = await owner.submit(page, page.form(action="/discard"))
    assert "half a thou" not in page.text


async def test_what_is_posted_after_the_session_ended_is_there_after_signing_in(one: House) -> None:
    owner = await one.person("owner")
    page = await draft(owner)
    owner.forget_session()
    await write(owner, page, "kept over signing in")
    back = await owner.sign_in("owner", at="/sign-in?next=/registrations/mz-bus-card/1/text")
    assert "kept over signing in" in typed_text(back)
    assert "kept over signing in" in typed_text(await owner.get("/registrations/mz-bus-card/1/text"))


async def test_who_types_is_told_while_typing_that_somebody_else_saved(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    page = await draft(owner)
    late = await other.get("/registrations/mz-bus-card/1/text")
    await write(owner, page, "id: x")
    form = late.form(having="text")
    checked = await other.submit(
        late,
        type(form)(action=f"{form.action}/check", method="post", values=form.values),
        {"text": "id: y"},
        headers={"hx-request": "true"},
    )
    assert "孙丽萍 刚刚保存了这份草稿" in checked.text


async def test_a_text_beyond_all_measure_is_refused_and_the_draft_stays(one: House) -> None:
    owner = await one.person("owner")
    page = await draft(owner)
    refused = await write(owner, page, "甲" * 300_000)
    assert refused.status == 413
    assert "《？" in typed_text(await owner.get("/registrations/mz-bus-card/1/text"))


# ---- what is refused ----


async def test_step_one_tells_what_is_wrong_and_keeps_what_was_typed(one: House) -> None:
    owner = await one.person("owner")
    for changes, told in (
        ({"id": "Not An Id"}, "编号由小写字母"),
        ({"id": "new"}, "编号由小写字母"),
        ({"id": "mz-elder"}, "已有这个编号的系统"),
        ({"name": " "}, "请填写"),
        ({"department": "<script>"}, "请选择部门"),
        ({"transport": "carrier pigeon"}, "请选择对接方式"),
        ({"matter": "nothing"}, "请从列表中选择"),
    ):
        page = await draft(owner, **changes)
        assert page.status == 422, changes
        assert told in page.text
        assert "Senior travel card system" in page.text


async def test_a_matters_fields_are_listed_in_the_draft(one: House) -> None:
    page = await draft(await one.person("owner"), matter=MATTER)
    matter = next(each for each in guides() if each.id == MATTER)
    text = typed_text(page)
    for field in matter.form.all_fields():
        assert f"form.{field.key}" in text


@pytest.mark.parametrize("role", ["clerk", "editor", "approver"])
async def test_nobody_else_sees_any_of_it(one: House, role: str) -> None:
    person = await one.person(role)
    for path in ("", "/new", "/mz-elder", "/mz-elder/data-flow", "/mz-elder/1", "/mz-elder/1/text", "/mz-elder/1/changes",
                 "/mz-elder/1/coverage", "/mz-elder/1/examples", "/mz-elder/1/dry-run"):  # fmt: skip
        assert (await person.get(f"/registrations{path}")).status == 403, path


async def test_a_manager_reads_and_changes_nothing(one: House) -> None:
    owner, manager = await one.person("owner"), await one.person("manager")
    page = await draft(owner)
    seen = await manager.get("/registrations/mz-bus-card/1/text")
    assert seen.status == 200
    assert not any("text" in form.names for form in seen.forms)
    assert not any(form.buttons and form.buttons[0][0] == "to" for form in seen.forms)
    token = seen.form(action="/language")  # any form, for its address; the session's own token is in another
    own = next(form for form in seen.forms if "csrf_token" in form.names)
    form = page.form(having="text")
    posted = await manager.submit(
        seen,
        type(form)(action=form.action, method="post", values={**own.values, "base": form.values["base"]}),
        {"text": "x"},
    )
    assert token
    assert posted.status == 403
    assert await one.portal.working_copies.find("demo-manager", "mz-bus-card", 1) is None
    assert (await manager.get("/registrations/new")).status == 403


async def test_who_wrote_it_can_not_approve_it_even_by_hand(one: House) -> None:
    owner = await one.person("owner")
    page = await to_approval(owner)
    form = next(f for f in page.forms if ("to", "sent_back") in f.buttons)
    refused = await owner.submit(page, form, {"reason": "自己批"}, button=("to", "approved"))
    assert refused.status == 409
    assert "编写或测试这个版本的人不能审批" in refused.text


async def test_a_step_without_a_reason_or_out_of_turn_is_told_and_nothing_happens(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    await to_approval(owner)
    page = await other.get("/registrations/mz-bus-card/1")
    no_reason = await step(other, page, "approved", " ")
    assert (no_reason.status, "请写明理由" in no_reason.text) == (422, True)
    form = next(f for f in page.forms if ("to", "approved") in f.buttons)
    out_of_turn = await other.submit(page, form, {"reason": "快"}, button=("to", "live"))
    assert out_of_turn.status == 409
    nonsense = await other.submit(page, form, {"reason": "快"}, button=("to", "<b>"))
    assert nonsense.status == 409
    assert "<b>" not in nonsense.text
    assert "待审批" in (await other.get("/registrations/mz-bus-card/1")).text


async def test_a_canary_outside_ones_own_region_or_without_regions_is_refused(one: House) -> None:
    owner, other = await one.person("owner"), await one.person("admin")
    await to_approval(owner)
    page = await step(other, await other.get("/registrations/mz-bus-card/1"), "approved")
    nowhere = await step(other, page, "canary", other_regions="")
    assert (nowhere.status, "区划代码" in nowhere.text) == (422, True)
    elsewhere = await step(other, page, "canary", other_regions="310101")
    assert (elsewhere.status, "不在您的管辖区域内：310101" in elsewhere.text) == (422, True)


async def test_what_is_not_there_is_404(one: House) -> None:
    owner = await one.person("owner")
    for path in ("/none", "/none/data-flow", "/mz-elder/9", "/mz-elder/9/text", "/mz-elder/99999999999999999999/text"):
        assert (await owner.get(f"/registrations{path}")).status == 404, path


async def test_a_form_without_the_sessions_token_does_nothing(one: House) -> None:
    owner = await one.person("owner")
    page = await draft(owner)
    form = page.form(having="text")
    form.values["csrf_token"] = ["forged"]
    assert (await write(owner, page, "id: stolen")).status == 403
    assert "stolen" not in (await owner.get("/registrations/mz-bus-card/1/text")).text


# ---- a real case, masked ----


async def test_a_real_case_is_shown_as_it_would_leave_masked_and_only_in_the_owners_region(one: House) -> None:
    clerk, owner = await one.person("clerk"), await one.person("owner")
    matter = next(each for each in guides() if each.id == MATTER)
    review = await clerk.fill_in(matter, matter.guide.situations[0].id, seed=41)
    receipt = await clerk.submit(review, review.form(action="/submit"))
    number = receipt.url.split("/")[-2]
    case = await one.portal.cases.by_number(number)
    assert case is not None
    page = await owner.get("/registrations/mz-elder/1/dry-run")
    assert number in page.text
    shown = await owner.submit(page, page.form(having="case"), {"case": number})
    assert shown.status == 200, shown.text
    message = html.unescape(shown.text.split('id="message-title"')[1].split("</pre>")[0])
    assert number in message
    for key in ("applicant_id_number", "applicant_name", "applicant_phone", "bank_account_no"):
        assert str(case.form[key]) not in shown.text, key
    wrong_system = await owner.submit(
        await owner.get("/registrations/mz-assist/1/dry-run"), page.form(having="case"), {"case": "no-such-case"}
    )
    assert wrong_system.status == 422
    elsewhere = await owner.get("/registrations/wj-birth/1/dry-run")
    assert "不送往本系统" in (await owner.submit(elsewhere, elsewhere.form(having="case"), {"case": number})).text


# ---- the data flow ----


async def test_the_data_flow_names_fields_personal_data_results_and_what_is_never_sent(one: House) -> None:
    owner = await one.person("owner")
    for system in ("mz-elder", "mz-assist", "mz-benefit", "rs-card", "tax-ssf", "wj-reward", "yb-core"):
        page = await owner.get(f"/registrations/{system}/data-flow")
        assert page.status == 200
        for told in ("离开本平台的个人信息", "证件号码", "返回什么", "数据回流", "从不发送给这个部门的字段", "form."):
            assert told in page.text, (system, told)


async def test_what_is_said_in_chinese_is_said_in_english_too(one: House) -> None:
    owner = await one.person("owner")
    start = await owner.get("/registrations")
    await owner.submit(start, start.form(action="/language"), button=("language", "en"))
    pages = ("", "/new", "/mz-elder", "/mz-elder/data-flow", "/mz-elder/1", "/mz-elder/1/text", "/mz-elder/1/changes",
             "/mz-elder/1/coverage", "/mz-elder/1/examples", "/mz-elder/1/dry-run")  # fmt: skip
    for path in pages:
        page = await owner.get(f"/registrations{path}")
        assert page.status == 200
        # Names of fields and what the spec itself says may be Chinese; our own sentences may not.
        for sentence in ("登记", "审批", "试运行", "办理记录", "字段覆盖", "约定的例子", "数据流向", "检查结果"):
            assert sentence not in re.sub(r"<textarea.*?</textarea>|<pre.*?</pre>", "", page.text, flags=re.DOTALL), (
                path
            )
