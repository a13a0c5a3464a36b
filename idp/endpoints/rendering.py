"""Pages: one frozen dataclass each as context, Chinese first, autoescaped, a missing name is an error."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse

from config.language import LANGUAGES, Catalogue, Language, load_catalogues, negotiate
from idp.endpoints.static import StaticFiles

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE: Final = Path(__file__).parent.parent


class Page(Protocol):
    """A page: a frozen dataclass whose fields are what its template may name."""

    template: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPrompt:
    """A form that a script fills with a passkey's answer; `options` is JSON (WebAuthn §5.4, §5.5)."""

    action: str
    form_token: str
    options: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage:
    """Ask for user name and password; `error` is a sentence, empty at first."""

    template: ClassVar[str] = "sign_in.html"
    client_name: str
    action: str
    form_token: str
    username: str
    error: str
    again: bool  # somebody is signed in, but a fresh sign-in is asked
    locked_by: str  # whose session is locked in this browser; "" for none
    window: str  # the counter's name this browser remembers, or what was typed
    passkey: PasskeyPrompt | None  # None where this address can have none


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorPage:
    """Ask for a one-time code, a recovery code or a passkey, whatever the person has and the system takes."""

    template: ClassVar[str] = "second_factor.html"
    client_name: str
    action: str
    form_token: str
    name: str
    error: str
    totp: bool
    recovery: bool
    step_up: bool  # somebody is signed in; the system asks for more
    may_skip: bool  # the system would like more, and takes less
    passkey: PasskeyPrompt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpPage:
    """The system asks for a factor the person does not have: where to set it up; "" where that can't be."""

    template: ClassVar[str] = "set_up.html"
    client_name: str
    action: str
    form_token: str
    totp: str
    passkeys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage:
    """Ask whether the client may have the scope; `lines` are sentences."""

    template: ClassVar[str] = "consent.html"
    client_name: str
    action: str
    form_token: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """Ask whether to go on with the account signed in here."""

    template: ClassVar[str] = "select_account.html"
    client_name: str
    action: str
    form_token: str
    name: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedPage:
    """A request that can't go on, and what to do."""

    template: ClassVar[str] = "stopped.html"
    title: str
    message: str
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPostPage:
    """Carries an answer to the client by a form (OAuth 2.0 Form Post Response Mode §2)."""

    template: ClassVar[str] = "form_post.html"
    action: str
    fields: tuple[tuple[str, str], ...]


class Pages:
    """Renders pages in the reader's language."""

    def __init__(self, *, issuer: str, portal: str, static: StaticFiles) -> None:
        self._issuer, self._portal, self._static = issuer, portal, static

    @cached_property
    def _catalogues(self) -> dict[Language, Catalogue]:
        # Read for the first page, not at the start: most of what a provider is asked needs none.
        return load_catalogues([_PACKAGE / "locale"])

    @cached_property
    def _environments(self) -> dict[Language, "Environment"]:
        environments = {language: _environment(self._issuer, self._portal, self._static) for language in LANGUAGES}
        for language, environment in environments.items():
            environment.install_gettext_translations(self._catalogues[language], newstyle=True)  # type: ignore[attr-defined]
        return environments

    def render(
        self,
        request: Request,
        page: Page,
        *,
        status: int = 200,
        ui_locales: str = "",
        form_action: str = "",
        frame_origins: tuple[str, ...] = (),
    ) -> HTMLResponse:
        """Return the page; `form_action` is an origin its forms may lead to beside our own.

        Browsers hold a form's redirects against form-action too, so the client's origin must be named on every
        page whose answer may end there. `frame_origins` are those the page loads frames from.
        """
        language = language_of(request, ui_locales)
        template = self._environments[language].get_template(page.template)
        html = template.render(language=language, **{field.name: getattr(page, field.name) for field in fields(page)})
        headers = {
            "cache-control": "no-store",
            "content-language": language,
            "vary": "Accept-Language, Cookie",
            "content-security-policy": _policy(form_action, frame_origins),
            # With no-referrer older browsers post our own forms with Origin: null, which the shell refuses.
            "referrer-policy": "no-referrer" if isinstance(page, FormPostPage) else "same-origin",
        }
        return HTMLResponse(html, status_code=status, headers=headers)

    def say(self, request: Request, message: str, *, ui_locales: str = "") -> str:
        """Return a marked sentence in the reader's language."""
        return self._catalogues[language_of(request, ui_locales)].gettext(message)


def language_of(request: Request, ui_locales: str) -> Language:
    """Return the first of ui_locales we have (OpenID Connect Core §3.1.2.1), else what the browser prefers."""
    for tag in ui_locales.split()[:10]:
        primary = tag.split("-", 1)[0].lower()
        if primary in ("zh", "en"):
            return "zh-Hans" if primary == "zh" else "en"
    return negotiate(request.headers.get("accept-language"))


def _environment(issuer: str, portal: str, static: StaticFiles) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_PACKAGE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["issuer"] = issuer
    environment.globals["portal"] = portal
    environment.globals["static"] = lambda name: issuer + static.path(name)
    return environment


def _policy(form_action: str, frame_origins: tuple[str, ...]) -> str:
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"{'frame-src ' + ' '.join(frame_origins) + '; ' if frame_origins else ''}"
        f"form-action 'self'{' ' + form_action if form_action else ''}; frame-ancestors 'none'; base-uri 'none'"
    )
