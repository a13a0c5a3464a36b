"""A clerk at the window, in a real browser: signs in, opens a matter, fills the form it finds, hands out the receipt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from playwright.sync_api import Page, Response, expect

from demo.forms import Application
from tests.servers.installation import Installation

SCAN = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_CONTROLS = """() => [...document.querySelectorAll("#section-form [name]")]
    .filter(control => control.type !== "hidden" && control.tagName !== "BUTTON")
    .map(control => ({name: control.name, kind: control.type, value: control.value, checked: control.checked}))"""
_ROUNDS = 8
_SETTLED = """() => !document.querySelector("#section-form").classList.contains("htmx-request")"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the applicant takes home."""

    number: str
    query_code: str


@dataclass(frozen=True, slots=True)
class Clerk:
    """Someone signed in at the portal in `page`."""

    page: Page
    base_url: str

    @classmethod
    def sign_in(cls, page: Page, installation: Installation, username: str = "clerk") -> "Clerk":
        """Start at the landing page and sign in through the provider's page."""
        account = installation.account(username)
        page.goto(f"{installation.base_url}/sign-in")
        page.locator("input[name=username]").fill(account["username"])
        page.locator("input[name=password]").fill(account["password"])
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(f"{installation.base_url}/**", wait_until="load")
        expect(page.locator(".masthead-who")).to_contain_text(account["name"])
        return cls(page, installation.base_url)

    def take_in(self, application: Application) -> Receipt:
        """Take in one application from its guide page to its receipt."""
        self.begin(application)
        while "/form/" in self.page.url:
            self.fill_section(application.form)
            self.go_on()
        self.state_materials(application)
        self.go_on()
        self.page.locator("form[action$='/submit'] button[type=submit]").click()
        self.page.wait_for_url("**/receipt")
        number = self.page.url.split("/")[-2]
        return Receipt(number=number, query_code=self.page.locator(".receipt-code").inner_text())

    def begin(self, application: Application) -> None:
        """Open the guide page, choose the situation and start; ends at the first section."""
        self.page.goto(f"{self.base_url}/matters/{application.matter}")
        self.page.locator(f"input[name=situation][value='{application.situation}']").check()
        self.page.locator("form[action$='/intake'] button[type=submit]").click()
        self.page.wait_for_url("**/drafts/**")
        if self.page.url.endswith("/situation"):
            self.go_on()

    def fill_section(self, form: Mapping[str, Any]) -> None:
        """Fill every control of the section that is shown and that the applicant has an answer to.

        An answer may bring other fields up, so this looks again until nothing is left.
        """
        values = dict(_flat(form))
        for _round in range(_ROUNDS):
            self._add_rows(form)
            changed = [self._fill(control, values) for control in self.page.evaluate(_CONTROLS)]
            if not any(changed):
                return
        raise AssertionError(f"{self.page.url}: still not filled after {_ROUNDS} rounds")

    def state_materials(self, application: Application) -> None:
        """Say of each material how it is proven; upload a scan where a file is."""
        for material, kind in application.materials.items():
            self.page.locator(f"input[name='kind.{material}'][value='{kind}']").check()
            if kind == "file":
                scan = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": SCAN}
                self.page.locator(f"input[name='file.{material}']").set_input_files([scan])  # type: ignore[list-item]

    def go_on(self) -> None:
        """Press the step's main button; the next page must be another one."""
        before = self.page.url
        with self.page.expect_navigation():
            self.page.locator(".actions .button-primary").first.click()
        complaints = self.page.locator("#error-summary li").all_inner_texts()
        assert not complaints, f"{before}: {complaints}"
        assert self.page.url != before

    def _add_rows(self, form: Mapping[str, Any]) -> None:
        for key, value in form.items():
            marker = self.page.locator(f"#section-form input[name='{key}._rows']")
            if not isinstance(value, list) or marker.count() == 0:
                continue
            while int(marker.input_value()) < len(value):
                with self.page.expect_navigation():
                    self.page.locator(f"button[name=_add][value='{key}']").click()

    def _fill(self, control: Mapping[str, Any], values: Mapping[str, tuple[str, ...]]) -> bool:
        """Bring one control to what the applicant answers; tell whether it had to change."""
        name, kind = control["name"], control["kind"]
        if name not in values:
            return False
        wanted = values[name]
        if kind in {"radio", "checkbox"}:
            if control["checked"] == (control["value"] in wanted):
                return False
            if kind == "radio" and control["checked"]:
                return False  # choosing another one unchecks it
            chosen = control["value"] in wanted
            self._saved(lambda: self._choice(control).set_checked(chosen), (name, control["value"]), there=chosen)
            return True
        if control["value"] == wanted[0]:
            return False
        place = self.page.locator(f"#section-form [name='{name}']")
        if kind == "select-one":
            self._saved(lambda: place.select_option(wanted[0]), (name, wanted[0]))
        else:
            place.fill(wanted[0])
        return True

    def _choice(self, control: Mapping[str, Any]) -> Any:
        return self.page.locator(f"#section-form [name='{control['name']}'][value='{control['value']}']")

    def _saved(self, act: Any, answer: tuple[str, str], *, there: bool = True) -> None:
        """Act, and wait until the page has saved just this: what is shown may change with the answer.

        A save that was under way before does not count, for it does not hold the answer yet.
        """

        def holds_it(response: Response) -> bool:
            if not response.url.endswith("/autosave"):
                return False
            return (answer in parse_qsl(response.request.post_data or "")) == there

        with self.page.expect_response(holds_it):
            act()
        # The answer is here, but the page may not have put it in its place yet: other fields may come with it.
        self.page.wait_for_function(_SETTLED)


def _flat(form: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the posted name and the texts of each answer."""
    for key, value in form.items():
        name = f"{before}{key}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for index, row in enumerate(value):
                yield from _flat(row, f"{name}.{index}.")
        elif isinstance(value, list):
            yield name, tuple(str(each) for each in value)
        elif isinstance(value, bool):
            yield name, ("true" if value else "false",)
        else:
            yield name, (str(value),)
