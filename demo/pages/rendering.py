"""Pages of a department: one frozen dataclass each, Chinese, under a content policy without inline script or style."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from config.clock import SHANGHAI
from demo.ground.context import SystemContext
from demo.ground.hours import Hours
from demo.pages.department import DEPARTMENTS

STATIC = Path(__file__).with_name("static")
_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around every page: the system, whether it is open, who is in (empty: nobody)."""

    id: str
    name: str
    department: str
    network: str
    hours: str
    holidays: str
    maintenance: str
    is_open: bool
    now: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Base of all page contexts; `template` is a file in templates/."""

    frame: Frame
    template: str
    status: int = 200


class Renderer:
    """Renders the pages of one system; `form_targets` are origins a form may lead on to besides its own."""

    def __init__(self, context: SystemContext, hours: Hours, *, form_targets: tuple[str, ...] = ()) -> None:
        self._context, self._hours = context, hours
        targets = " ".join(("'self'", *form_targets))
        self._headers = {
            "content-security-policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
                f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
            ),
            "content-language": "zh-Hans",
            "cache-control": "no-store",
        }

    def frame(self, user: str = "") -> Frame:
        """Return the frame as of now; open or closed follows the department's clock."""
        entry = self._context.entry
        moment = self._context.department_time()
        return Frame(
            id=entry.id,
            name=entry.name,
            department=DEPARTMENTS[entry.department],
            network=entry.network,
            hours=f"{entry.days} {entry.hours}",
            holidays=entry.holidays,
            maintenance=entry.maintenance,
            is_open=self._hours.open_at(moment),
            now=f"{moment.astimezone(SHANGHAI):%Y年%m月%d日 %H:%M}",
            user=user,
        )

    def answer(self, page: Page) -> HTMLResponse:
        """Return the page as a response."""
        html = _environment.get_template(page.template).render(page=page, frame=page.frame)
        return HTMLResponse(html, status_code=page.status, headers=self._headers)


def origin_of(address: str) -> str:
    """Return scheme://host:port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
