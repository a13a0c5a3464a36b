"""What goes wrong at the window: bad input, an expired session, somebody else's pages, forged posts."""

import re

import pytest

from matters.posted import render_posted
from tests.doubles.clerk_house import House, Visitor, grouped, guides, problems
from tests.servers.visitor import Page

MATTER = next(m for m in guides() if m.id == "04-temporary-assistance")


async def first_section(clerk: Visitor) -> Page:
    page = await clerk.begin(MATTER.id)
    assert page.url.endswith("/form/applicant")
    return page


async def test_a_wrong_value_is_named_at_its_field_and_everything_typed_is_kept(one: House) -> None:
    clerk = await one.person("clerk")
    page = await first_section(clerk)
    typed = {"applicant_name": "张三<b>", "applicant_id_number": "99010119050101123", "applicant_address": "测试路1号"}
    wrong = await clerk.submit(page, page.form(action="/form/applicant"), typed)
    assert wrong.status == 422
    form = wrong.form(action="/form/applicant")
    for name, text in typed.items():
        assert form.values[name] == [text]
    assert any("18位" in line for line in problems(wrong))
    assert re.search(r'id="f-applicant_id_number-message"[^>]*>.*?18位', wrong.text)
    assert 'href="#f-applicant_id_number"' in wrong.text
    assert 'id="f-applicant_id_number"' in wrong.text
    assert "<b>" not in wrong.text.split("<main")[1]


async def test_saving_keeps_half_a_form_and_complains_of_nothing_empty(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await first_section(clerk)
    saved = await clerk.submit(
        page, page.form(action="/form/applicant"), {"applicant_name": "张三"}, button=("_go", "save")
    )
    assert saved.status == 200
    assert saved.form(action="/form/applicant").values["applicant_name"] == ["张三"]
    assert not problems(saved)


async def test_rows_are_added_and_removed_by_buttons_and_keep_what_was_typed(one: House) -> None:
    clerk = await one.person("clerk")
    start = await first_section(clerk)
    base = start.url.rsplit("/form/", 1)[0]
    page = await clerk.get(f"{base}/form/household")
    form = page.form(action="/form/household")
    page = await clerk.submit(page, form, {"household_members.0.name": "甲"}, button=("_add", "household_members"))
    form = page.form(action="/form/household")
    page = await clerk.submit(page, form, {"household_members.1.name": "乙"}, button=("_remove", "household_members.0"))
    form = page.form(action="/form/household")
    assert form.values["household_members.0.name"] == ["乙"]
    assert "household_members.1.name" not in form.names


async def test_a_field_that_depends_on_an_answer_appears_with_it(one: House) -> None:
    clerk = await one.person("clerk")
    start = await first_section(clerk)
    base = start.url.rsplit("/form/", 1)[0]
    page = await clerk.get(f"{base}/form/agent")
    form = page.form(action="/form/agent")
    assert "agent_name" not in form.names
    headers = {"hx-request": "true"}
    form.action += "/autosave"
    answer = await clerk.submit(page, form, {"by_agent": "true"}, headers=headers)
    assert answer.headers["hx-retarget"] == "#section-fields"
    assert "agent_name" in answer.text


async def test_autosave_keeps_what_is_typed_and_answers_with_messages_in_their_places(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await first_section(clerk)
    form = page.form(action="/form/applicant")
    form.action += "/autosave"
    answer = await clerk.submit(page, form, {"applicant_id_number": "123"}, headers={"hx-request": "true"})
    assert answer.status == 200
    assert 'id="f-applicant_id_number-message"' in answer.text
    assert "18位" in answer.text
    assert "请填写" not in answer.text  # what nobody has reached yet is not complained about
    again = await clerk.get(page.url)
    assert again.form(action="/form/applicant").values["applicant_id_number"] == ["123"]


@pytest.mark.parametrize("by_htmx", [False, True])
async def test_what_was_posted_after_the_session_expired_is_there_after_signing_in(
    open_house: House, by_htmx: bool
) -> None:
    clerk = await open_house.person("clerk")
    page = await first_section(clerk)
    clerk.forget_session()
    form = page.form(action="/form/applicant")
    typed = {"applicant_name": "张三丰"}
    if by_htmx:
        form.action += "/autosave"
        clerk.http.follow_redirects = False
        answer = await clerk.submit(page, form, typed, headers={"hx-request": "true"})
        assert answer.status == 401
        target = answer.headers["hx-redirect"]
        clerk.http.follow_redirects = True
        back = await clerk.sign_in("clerk", at=target)
    else:
        back = await clerk.submit(page, form, typed)
        if any("password" in f.names for f in back.forms):
            back = await clerk.sign_in("clerk", at=back.url)
    assert back.url.endswith("/form/applicant")
    assert back.form(action="/form/applicant").values["applicant_name"] == ["张三丰"]
    assert "已经恢复" in back.text


async def test_parked_input_is_not_given_to_another_browser_or_person(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await first_section(clerk)
    clerk.forget_session()
    clerk.http.follow_redirects = False
    await clerk.submit(page, page.form(action="/form/applicant"), {"applicant_name": "张三丰"})
    other = await open_house.person("clerk2")
    gone = await other.get(page.url)
    assert gone.status == 410
    assert "张三丰" not in gone.text


async def test_a_visitor_without_a_browser_id_can_park_nothing(open_house: House) -> None:
    stranger = open_house.visitor()
    answer = await stranger.http.post("/drafts/x/form/applicant", data={"applicant_name": "甲"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("token", [None, "", "guessed"])
async def test_a_post_without_the_forms_token_is_refused_and_does_nothing(one: House, token: str | None) -> None:
    clerk = await one.person("clerk")
    page = await clerk.get(f"/matters/{MATTER.id}")
    form = page.form(action="/intake")
    form.values.pop("csrf_token")
    refused = await clerk.submit(page, form, {} if token is None else {"csrf_token": token})
    assert refused.status == 403
    assert "/drafts/" not in (await clerk.get("/cases?state=drafts")).text


async def test_a_post_from_another_site_is_refused(one: House) -> None:
    clerk = await one.person("clerk")
    page = await clerk.get(f"/matters/{MATTER.id}")
    form = page.form(action="/intake")
    refused = await clerk.submit(page, form, headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"})
    assert refused.status == 403


async def test_a_clerk_of_another_unit_sees_neither_case_nor_draft(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    review = await clerk.fill_in(MATTER, "expenditure")
    receipt = await clerk.submit(review, review.form(action="/submit"))
    number = receipt.url.split("/")[-2]
    stranger = await open_house.person("clerk-b")
    for path in (f"/cases/{number}", f"/cases/{number}/receipt", review.url):
        page = await stranger.get(path)
        assert page.status in (404, 410)
        assert number not in page.text.replace(path, "")
    assert number not in (await stranger.get("/cases?state=all")).text


@pytest.mark.parametrize("username", ["owner", "approver", "editor"])
async def test_who_is_no_clerk_takes_nothing_in(one: House, username: str) -> None:
    person = await one.person(username)
    guide = await person.get(f"/matters/{MATTER.id}")
    assert guide.status == 200
    assert not any("/intake" in form.action for form in guide.forms)
    token = guide.form(action="/sign-out").values["csrf_token"][0]
    answer = await person.http.post(
        f"/matters/{MATTER.id}/intake", data={"csrf_token": token}, headers={"origin": "http://127.0.0.1:8481"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("scan.pdf", b"MZ this is a program", "不是 JPG、PNG 或 PDF"),
        ("photo.png", b"%PDF-1.4\n%%EOF\n", "与后缀不一致"),
        ("scan.exe", b"%PDF-1.4\n%%EOF\n", "后缀"),
        ("empty.pdf", b"", "空的"),
    ],
)
async def test_a_file_that_is_not_what_its_name_says_is_refused_at_its_material(
    open_house: House, name: str, content: bytes, says: str
) -> None:
    clerk = await open_house.person("clerk")
    start = await first_section(clerk)
    base = start.url.rsplit("/form/", 1)[0]
    page = await clerk.get(f"{base}/materials")
    form = page.form(action="/materials")
    files = {"file.id_card": (name, content, "application/pdf")}
    typed = {"kind.hukou_book": "paper", "originals.hukou_book": "1"}
    refused = await clerk.submit(page, form, typed, files=files)
    assert refused.status == 422
    assert any(says in line for line in problems(refused)), problems(refused)
    assert refused.form(action="/materials").values["kind.hukou_book"] == ["paper"]


async def test_files_beyond_ten_are_said_to_be_left_out(one: House) -> None:
    clerk = await one.person("clerk")
    base = (await first_section(clerk)).url.rsplit("/form/", 1)[0]
    for number in range(11):
        page = await clerk.get(f"{base}/materials")
        files = {"file.id_card": (f"{number}.pdf", b"%%PDF-1.4\n%% %d\n%%%%EOF\n" % number, "application/pdf")}
        answer = await clerk.submit(page, page.form(action="/materials"), {"_go": "save"}, files=files)
        assert answer.status == (200 if number < 10 else 422), problems(answer)
    assert any("最多 10 个文件" in line for line in problems(answer)), problems(answer)
    assert answer.text.count(".pdf") >= 10


async def test_leaving_everything_out_lists_every_field_with_a_link_to_it(one: House) -> None:
    clerk = await one.person("clerk")
    start = await first_section(clerk)
    base = start.url.rsplit("/form/", 1)[0]
    review = await clerk.get(f"{base}/review")
    refused = await clerk.submit(review, review.form(action="/submit"))
    assert refused.status == 422
    assert len(problems(refused)) > 20
    assert f"{base.split('8481')[1]}/form/applicant?check=1#f-applicant_name" in refused.text


async def test_ten_megabytes_in_a_text_field_are_refused_with_a_sentence(one: House) -> None:
    clerk = await one.person("clerk")
    page = await clerk.get(f"/matters/{MATTER.id}")
    refused = await clerk.submit(page, page.form(action="/intake"), {"situation": "甲" * 4_000_000})
    assert refused.status == 413


async def test_values_a_page_shows_are_what_was_typed_even_if_they_cannot_be_read(one: House) -> None:
    clerk = await one.person("clerk")
    start = await first_section(clerk)
    base = start.url.rsplit("/form/", 1)[0]
    page = await clerk.get(f"{base}/form/request")
    typed = {"occurred_date": "昨天", "expense_total": "一千元", "reason_detail": "  多行\n说明 "}
    wrong = await clerk.submit(page, page.form(action="/form/request"), typed)
    assert wrong.status == 422
    values = wrong.form(action="/form/request").values
    assert values["occurred_date"] == ["昨天"]
    assert values["expense_total"] == ["一千元"]
    assert "多行\n说明" in values["reason_detail"][0].replace("\r", "")
    assert grouped(render_posted(MATTER, {"occurred_date": "昨天"})) == {"occurred_date": ["昨天"]}


async def test_a_character_no_database_keeps_is_named_at_its_field_and_the_rest_is_kept(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await first_section(clerk)
    typed = {"applicant_name": "张\0三", "applicant_address": "测试路1号"}
    wrong = await clerk.submit(page, page.form(action="/form/applicant"), typed)
    assert wrong.status == 422
    form = wrong.form(action="/form/applicant")
    assert (form.values["applicant_name"], form.values["applicant_address"]) == (["张\ufffd三"], ["测试路1号"])
    assert re.search(r'id="f-applicant_name-message"[^>]*>.*?字符', wrong.text)


async def test_a_form_in_an_odd_charset_is_read_or_refused(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await first_section(clerk)
    token = page.form(action="/form/applicant").values["csrf_token"][0]
    fields = {"csrf_token": token, "applicant_name": "\\ud800", "_go": "save"}
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    body = ("".join(parts) + "--b--\r\n").encode()
    statuses = {}
    for charset in ("unicode_escape", "undefined"):
        headers = {"content-type": f"multipart/form-data; boundary=b; charset={charset}", "origin": page.url[:21]}
        answer = await clerk.http.post(page.url, content=body, headers=headers)
        statuses[charset] = answer.status_code
    assert statuses == {"unicode_escape": 200, "undefined": 422}


@pytest.mark.parametrize("address", ["/cases/%00", "/drafts/%00/review", "/desk/%00", "/cases/a%00b/receipt"])
async def test_an_address_with_a_nul_leads_nowhere(open_house: House, address: str) -> None:
    clerk = await open_house.person("clerk")
    assert (await clerk.get(address)).status == 404


async def test_ten_megabytes_in_a_field_of_the_form_are_refused_with_the_limit(one: House) -> None:
    clerk = await one.person("clerk")
    page = await first_section(clerk)
    typed = {"applicant_address": "甲" * 3_400_000}
    refused = await clerk.submit(page, page.form(action="/form/applicant"), typed)
    assert refused.status == 413
    assert "512 KiB" in refused.text
