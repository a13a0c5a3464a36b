"""One page after another, as a browser goes: cookies kept, redirects within the site followed, everything bounded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

import httpx2

from connectors.signing import Signed
from connectors.spec_form_post import FormPostSpec
from connectors.transports.exchange import Limits, Raw, fetch
from connectors.transports.pages.reading import Page, read_page

MOST_REDIRECTS: Final = 3
# Several Set-Cookie come as one text; what follows a comma and has a name is the next one, a date never has.
_SET_COOKIE = re.compile(r"(?:^|,\s*)([A-Za-z0-9_.\-]{1,100})=([^;,\s]{0,4000})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where a request ended: the page, its bytes for a picture, and the cookies to go on with."""

    page: Page
    raw: Raw
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Visits one site. It keeps nothing between visits: cookies are handed in and given back."""

    client: httpx2.AsyncClient
    limits: Limits
    spec: FormPostSpec

    async def get(self, target: str, cookies: Mapping[str, str]) -> Visit:
        return await self._visit("GET", target, b"", cookies)

    async def post(self, target: str, content: bytes, cookies: Mapping[str, str], *, content_type: str = "") -> Visit:
        return await self._visit("POST", target, content, cookies, content_type)

    async def _visit(
        self, method: str, target: str, content: bytes, cookies: Mapping[str, str], content_type: str = ""
    ) -> Visit:
        held, raw, has_posted = dict(cookies), Raw(), False
        for _ in range(MOST_REDIRECTS + 1):
            self.client.cookies.clear()
            request = self._request(method, target, content, held, content_type)
            raw = await fetch(self.client, request, self.limits, may_redirect=True)
            if has_posted and raw.error == "connect":
                # Only the page behind the form could not be reached: the form itself has arrived.
                raw = replace(raw, error="connection_lost")
            has_posted = has_posted or method == "POST"
            held |= dict(_SET_COOKIE.findall(raw.headers.get("set-cookie", "")))
            if raw.error or not 300 <= raw.http_status < 400:
                return Visit(page=read_page(raw, self.spec), raw=raw, cookies=held)
            place = urlsplit(raw.headers.get("location", ""))
            if place.netloc or not place.path.startswith("/"):
                break  # another site, or nowhere
            method, target, content = "GET", place.path + (f"?{place.query}" if place.query else ""), b""
        lost = Raw(http_status=raw.http_status, headers=raw.headers, error="redirect")
        return Visit(page=read_page(lost, self.spec), raw=lost, cookies=held)

    def _request(
        self, method: str, target: str, content: bytes, cookies: Mapping[str, str], content_type: str
    ) -> Signed:
        headers = {"accept": "text/html"}
        if cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if content:
            headers["content-type"] = content_type or f"application/x-www-form-urlencoded; charset={self.spec.charset}"
        return Signed(method=method, target=target, headers=headers, content=content)
