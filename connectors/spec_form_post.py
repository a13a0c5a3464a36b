"""`form_post:` of a spec: an old web application driven the way a person drives it."""

from collections.abc import Mapping

from pydantic import Field

from connectors.spec_auth import Part, SecretName


class CaptchaSpec(Part):
    """A picture only a person can read. `field` is where its text goes, `picture` where it is had."""

    picture: str = Field(pattern=r"^/")
    field: str
    lasts_seconds: float = Field(default=120.0, ge=10, le=3600)


class PageLogInSpec(Part):
    """The log-in page. `succeeded`, `wrong` and `needed` are CEL over the page that came back."""

    path: str = Field(pattern=r"^/")
    username: str
    password: SecretName
    username_field: str
    password_field: str
    fields: Mapping[str, str] = Field(default_factory=dict)
    captcha: CaptchaSpec | None = None
    succeeded: str
    needed: str
    """True of any page that says that there is no session (any more)."""
    lasts_seconds: float = Field(default=840.0, ge=10, le=86_400)


class ListPageSpec(Part):
    """The page with all our entries, read for their status. Each row of `table` is one `body` of `results`."""

    path: str = Field(pattern=r"^/")
    table: str
    """The table's id attribute; its first row names the columns."""
    most_pages: int = Field(default=20, ge=1, le=500)
    next_page: str | None = None
    """The id of the link to the next page."""


class FormPostSpec(Part):
    """How its pages are spoken to; `request.path` is the page with the form, `request.body` its fields."""

    charset: str = "gb2312"
    hidden_fields: bool = True
    """Take __VIEWSTATE and its kind from the page with the form."""
    replacements: Mapping[str, str] = Field(default_factory=dict)
    """The department's own characters for those its character set lacks."""
    button: Mapping[str, str] = Field(default_factory=dict)
    text_fields: Mapping[str, str] = Field(default_factory=dict)
    """Named pieces of an answer's page by element id: `body.fields.<name>`."""
    log_in: PageLogInSpec
    list_page: ListPageSpec | None = None
