"""Logging in to a page: by itself where the page lets it, with a person where it shows a picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from connectors.predicates import Predicate
from connectors.secrets_dir import Secrets, read_secret
from connectors.spec_form_post import FormPostSpec
from connectors.transports.pages.browsing import Browser, Visit
from connectors.transports.pages.filling import filled
from connectors.transports.pages.sessions import Session, SessionBook

LOGGING_IN: Final = timedelta(seconds=60)
Typed = Literal["open", "wrong", "late", "away"]
"""What became of a text somebody typed: logged in; not what the picture shows; another picture is up; no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captcha:
    """A picture to be read, of at most so many bytes as the connection allows."""

    content: bytes = field(repr=False)
    content_type: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """The way in for one system."""

    spec: FormPostSpec
    succeeded: Predicate
    browser: Browser
    book: SessionBook
    secrets: Secrets

    async def session(self, at: datetime) -> Session | None:
        """Return an open session; None while a person has to log in, somebody else does, or the site is away."""
        held = await self.book.read()
        if held.is_open(at):
            return held
        if held.state == "wanted" or held.is_busy(at):
            return None
        busy = await self.book.write(held, "busy", at=at, lasts=LOGGING_IN)
        if busy is None:
            return None
        visit = await self.browser.get(self.spec.log_in.path, {})
        if visit.page.answer.error or visit.page.answer.http_status != 200:
            await self.book.write(busy, "", at=at)
            return None
        captcha = self.spec.log_in.captcha
        if captcha is not None and captcha.field in visit.page.inputs:
            await self.book.write(busy, "wanted", at=at)
            return None
        return await self._enter(busy, visit.cookies, visit.page.hidden, {}, at)

    async def is_wanted(self) -> bool:
        """Tell whether a person has to log in."""
        return (await self.book.read()).state in ("wanted", "asked")

    async def ended(self, session: Session, at: datetime) -> None:
        """Remember that the department has ended this session."""
        await self.book.write(session, "", at=at)

    async def picture(self, at: datetime) -> Captcha | None:
        """Return a fresh picture for a person to read; None when nobody has to, or the site is away."""
        captcha, held = self.spec.log_in.captcha, await self.book.read()
        if captcha is None or held.state not in ("wanted", "asked"):
            return None
        visit = await self.browser.get(self.spec.log_in.path, {})
        shown = await self.browser.get(captcha.picture, visit.cookies)
        kind = shown.raw.headers.get("content-type", "").partition(";")[0].strip()
        if visit.page.answer.error or shown.raw.error or kind not in ("image/png", "image/gif", "image/jpeg"):
            return None
        asked = await self.book.write(
            held,
            "asked",
            at=at,
            lasts=timedelta(seconds=captcha.lasts_seconds),
            cookies=shown.cookies,
            hidden=visit.page.hidden,
        )
        if asked is None or asked.until is None:
            return None
        return Captcha(content=shown.raw.content, content_type=kind, until=asked.until)

    async def typed(self, text: str, at: datetime) -> Typed:
        """Log in with what a person read."""
        captcha, held = self.spec.log_in.captcha, await self.book.read()
        if captcha is None or held.state != "asked":
            return "late"
        if not held.is_busy(at):
            await self.book.write(held, "wanted", at=at)
            return "late"
        busy = await self.book.write(held, "busy", at=at, lasts=LOGGING_IN)
        if busy is None:
            return "late"
        opened = await self._enter(busy, held.cookies, held.hidden, {captcha.field: text}, at, otherwise="wanted")
        if opened is not None:
            return "open"
        return "wrong"

    async def _enter(
        self,
        busy: Session,
        cookies: Mapping[str, str],
        hidden: Mapping[str, str],
        typed: Mapping[str, str],
        at: datetime,
        *,
        otherwise: Literal["", "wanted"] = "",
    ) -> Session | None:
        spec = self.spec.log_in
        password = read_secret(self.secrets, spec.password, bytes.decode)
        fields = {**spec.fields, spec.username_field: spec.username, spec.password_field: password, **typed}
        # The button of the log-in page is among its own fields, not that of the form behind it.
        content = filled(fields, hidden, self.spec.model_copy(update={"button": {}}))
        visit: Visit = await self.browser.post(spec.path, content, cookies)
        if not self.succeeded.holds(visit.page.answer.variables()):
            await self.book.write(busy, otherwise, at=at)
            return None
        return await self.book.write(
            busy, "open", at=at, lasts=timedelta(seconds=spec.lasts_seconds), cookies=visit.cookies
        )
