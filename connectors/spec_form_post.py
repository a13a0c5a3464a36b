"""`form_post:` of a spec: an old web application driven the way a person drives it."""

from collections.abc import Mapping

from pydantic import Field

from connectors.spec_addresses import PathBelow
from connectors.spec_auth import Part, SecretName


class CaptchaSpec(Part):
    """A picture only a person can read: `field` takes its text, `picture` is its address. Asked for where the log-in page
    has that field, so once a day where the department does it so.
    """

    picture: PathBelow
    field: str
    lasts_seconds: float = Field(default=120.0, ge=10, le=3600)


class PageLogInSpec(Part):
    """The log-in page. `succeeded` and `needed` are CEL over a page (`body.text`, `body.fields`, `status`)."""

    path: PathBelow
    username: str
    password: SecretName
    username_field: str
    password_field: str
    fields: Mapping[str, str] = Field(default_factory=dict)
    captcha: CaptchaSpec | None = None
    succeeded: str
    needed: str
    """True of any page that says that there is no session (any more): nothing was done with what was sent."""
    lasts_seconds: float = Field(default=840.0, ge=10, le=86_400)


class ListPageSpec(Part):
    """The page with all our entries. Each row becomes one `body` of `results`: its `columns`, and `digest` of the row."""

    path: PathBelow
    table: str
    columns: Mapping[str, str]
    """Name in `body` → heading of the column."""
    next_link: str | None = None
    """The id of the link to the next page."""
    most_pages: int = Field(default=20, ge=1, le=500)
    every_seconds: float = Field(default=86_400.0, ge=1, le=604_800)


class FormPostSpec(Part):
    """How its pages are spoken to: `request.path` is the page with the form, `request.body` its fields by name."""

    charset: str = "gb2312"
    fields: Mapping[str, str] = Field(default_factory=dict)
    """Pieces of a page by element id, read as `body.fields.<name>`."""
    button: Mapping[str, str] = Field(default_factory=dict)
    """What a click on the button sends along."""
    log_in: PageLogInSpec
    list_page: ListPageSpec | None = None
