"""A browser without a screen and without JavaScript: follows redirects, keeps cookies, fills and sends forms.

What works here works for people whose scripts did not load. It sends Origin and Referer as browsers do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2

_SKIPPED_INPUTS = frozenset({"submit", "button", "image", "reset", "file"})


class NoSuchForm(Exception):
    """The page has no form that fits; the message shows which it has."""


@dataclass(slots=True)
class Form:
    """A form as the page gave it. `values` holds what would be sent if nobody typed anything."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer, with its forms and links read out."""

    url: str
    status: int
    text: str
    headers: Mapping[str, str]
    forms: Sequence[Form]
    links: Sequence[str]

    def form(self, *, having: str = "", action: str = "") -> Form:
        """Return the first form with a field named `having` and an address that contains `action`.

        Raises:
            NoSuchForm: there is none.
        """
        for form in self.forms:
            if (not having or having in form.names) and action in form.action:
                return form
        there = [(form.action, sorted(form.names)) for form in self.forms]
        raise NoSuchForm(f"{self.url} ({self.status}): wanted {having!r} at {action!r}, there is {there}")


class Visitor:
    """One person's browser."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    @classmethod
    def come(cls, *, language: str = "zh-CN") -> Self:
        """Return a visitor with an empty cookie jar."""
        headers = {"accept-language": language, "accept": "text/html,application/xhtml+xml"}
        return cls(httpx2.Client(follow_redirects=True, timeout=30, headers=headers))

    def get(self, url: str) -> Page:
        return read_page(self._client.get(url))

    def fetch(self, url: str) -> int:
        """Get an address, leave what came unread, and return the status; for measuring."""
        return self._client.get(url, follow_redirects=False).status_code

    def picture(self, url: str) -> bytes:
        """Return the bytes of a picture on a page."""
        return self._client.get(url).raise_for_status().content

    def redirect_of(self, url: str) -> str:
        """Get an address and return where it redirects to, without going there."""
        return self._client.get(url, follow_redirects=False).headers["location"]

    def submit(
        self,
        page: Page,
        form: Form,
        values: Mapping[str, str | Sequence[str]] | None = None,
        *,
        button: str = "",
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> Page:
        """Send `form` of `page` with `values` typed over what it held, by the button whose name or value is `button`."""
        sent = {**form.values, **{name: _listed(value) for name, value in (values or {}).items()}}
        for name, value in form.buttons:
            if button and button in (name, value) and name:
                sent[name] = [value]
        parts = urlsplit(page.url)
        headers = {"origin": f"{parts.scheme}://{parts.netloc}", "referer": page.url}
        if form.method == "get":
            return read_page(self._client.get(form.action, params=dict(sent), headers=headers))
        uploads = dict(files) if files else None
        return read_page(self._client.post(form.action, data=dict(sent), files=uploads, headers=headers))

    def sign_in(self, base_url: str, username: str, password: str) -> Page:
        """Sign in at the portal through the provider's page and return where that ends."""
        page = self.get(f"{base_url}/sign-in")
        form = page.form(having="password")
        return self.submit(page, form, {"username": username, "password": password})

    def close(self) -> None:
        self._client.close()


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def read_page(answer: httpx2.Response) -> Page:
    """Return the answer with its forms and links read out."""
    url = str(answer.url)
    reader = _Reader(url)
    if "html" in answer.headers.get("content-type", ""):
        reader.feed(answer.text)
    return Page(
        url=url,
        status=answer.status_code,
        text=answer.text,
        headers=dict(answer.headers),
        forms=tuple(reader.forms),
        links=tuple(reader.links),
    )


class _Reader(HTMLParser):
    """Collects forms with the values a browser would send, and the addresses of links."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._by_id: dict[str, Form] = {}
        self._inside: Form | None = None
        self._select = ""
        self._textarea: tuple[Form, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self._url, given["href"]))
        elif tag == "form":
            self._inside = Form(urljoin(self._url, given.get("action", "")), given.get("method", "get").lower())
            self.forms.append(self._inside)
            self._by_id[given.get("id", "")] = self._inside
        elif tag in {"input", "button", "select", "textarea"}:
            self._read_control(tag, given)
        elif tag == "option" and self._select:
            self._read_option(given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            form, name = self._textarea
            form.values[name] = [form.values[name][0] + data]

    def _read_control(self, tag: str, given: Mapping[str, str]) -> None:
        form, name = self._by_id.get(given.get("form", "")) if "form" in given else self._inside, given.get("name", "")
        if form is None or "disabled" in given:
            return
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        if tag == "button" or kind in {"submit", "button", "image"}:
            form.buttons.append((name, given.get("value", "")))
            return
        if not name:
            return
        form.names.add(name)
        if tag == "select":
            self._select = name
            form.options.setdefault(name, [])
        elif tag == "textarea":
            form.values[name] = [""]
            self._textarea = (form, name)
        elif kind in {"checkbox", "radio"}:
            form.options.setdefault(name, []).append(given.get("value", "on"))
            if "checked" in given:
                form.values.setdefault(name, []).append(given.get("value", "on"))
        elif kind not in _SKIPPED_INPUTS:
            form.values.setdefault(name, []).append(given.get("value", ""))

    def _read_option(self, given: Mapping[str, str]) -> None:
        form = self._inside
        if form is None:
            return
        value = given.get("value", "")
        chosen = form.options[self._select]
        chosen.append(value)
        # A select without a chosen option sends its first one.
        if "selected" in given or len(chosen) == 1:
            form.values[self._select] = [value]


def words(page: Page) -> Iterator[str]:
    """Yield the page's visible texts, for asserting on sentences rather than on markup."""
    reader = _Texts()
    reader.feed(page.text)
    yield from reader.texts


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._hidden and (text := " ".join(data.split())):
            self.texts.append(text)
