"""Pages and partials: one Jinja2 environment, one frozen dataclass of context per page.

A page `pages/x.html` may name the partial that htmx wants instead; both are made from the same context, and the
answer varies by HX-Request so that no cache mixes them up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from config.asgi.security_headers import CONTENT_SECURITY_POLICY
from config.clock import SHANGHAI
from config.language import Language
from portal import words
from portal.assets import Assets
from portal.library import local, system_icon
from portal.menu import menu
from portal.people import Person
from portal.sso_words import sso_words
from portal.state import session_of

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrome:
    """What every page shows around its content."""

    person: Person | None
    csrf_token: str
    language: Language
    path: str
    request_id: str


def make_environment(assets: Assets, data_item_names: Callable[[Sequence[str]], list[str]]) -> Environment:
    """Return the environment; templates are compiled at first use and kept."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    environment.globals |= {
        "asset": assets.address,
        "menu": menu,
        "local": local,
        "sso_words": sso_words,
        "system_icon": system_icon,
        "data_item_names": data_item_names,
    }
    environment.filters |= {"day": day, "moment": moment}
    return environment


class Renderer:
    """Makes answers from templates."""

    def __init__(
        self, assets: Assets, data_item_names: Callable[[Sequence[str]], list[str]], *, issuer: str = ""
    ) -> None:
        # Signing out is a form whose answer leads to the provider, and browsers hold that hop against form-action.
        parts = urlsplit(issuer)
        own = f"form-action 'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "form-action 'self'"
        self._policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", own)
        self.environment = make_environment(assets, data_item_names)
        self._templates = Jinja2Templates(env=self.environment)

    def page(
        self,
        request: Request,
        template: str,
        context: Any,
        *,
        partial: str | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Answer with `template`, or with `partial` where htmx asked.

        `context` is the page's dataclass; its fields become the template's names, `chrome` is added.
        """
        wanted = partial if partial and is_htmx(request) else template
        response = self._templates.TemplateResponse(
            request, wanted, {**_shallow(context), "chrome": chrome_of(request)}, status_code=status, headers=headers
        )
        response.headers["content-security-policy"] = self._policy
        response.headers.append("vary", "HX-Request, Cookie, Accept-Language")
        return response

    def text(self, template: str, context: Mapping[str, Any]) -> str:
        """Return a template as text, for a fragment inside another answer."""
        return self.environment.get_template(template).render(context)


def is_htmx(request: Request) -> bool:
    """Tell whether htmx asks for a fragment; a history restore wants the whole page."""
    return request.headers.get("hx-request") == "true" and "hx-history-restore-request" not in request.headers


def chrome_of(request: Request) -> Chrome:
    """Return what surrounds every page."""
    session = session_of(request)
    return Chrome(
        person=session.person if session else None,
        csrf_token=session.csrf_token if session else "",
        language=words.language(),
        path=request.url.path,
        request_id=request.scope.get("request_id", ""),
    )


def day(value: date) -> str:
    """2026-11-21, the day in Shanghai; readable in both languages and unambiguous."""
    return (value.astimezone(SHANGHAI).date() if isinstance(value, datetime) else value).isoformat()


def moment(value: datetime) -> str:
    """2026-11-21 09:05, Shanghai time."""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _shallow(context: Any) -> dict[str, Any]:
    return {field.name: getattr(context, field.name) for field in fields(context)}
