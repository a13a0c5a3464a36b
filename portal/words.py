"""The words of the current request's language, for templates and Python alike."""

from contextvars import ContextVar
from pathlib import Path

from config.language import CHINESE, Catalogue, Language, load_catalogues

_HOUSE = Path(__file__).parents[1]
CATALOGUE_DIRECTORIES = tuple(
    _HOUSE / package / "locale" for package in ("matters", "connectors", "portal/api", "portal")
)

_CHINESE = Catalogue(CHINESE, {})
_current: ContextVar[Catalogue] = ContextVar("portal_catalogue", default=_CHINESE)


def speak(catalogue: Catalogue) -> None:
    """Use `catalogue` for the rest of this request; each request runs in a context of its own."""
    _current.set(catalogue)


def language() -> Language:
    """Return the language spoken in this request."""
    return _current.get().language


def gettext(message: str, **params: object) -> str:
    """Return `message` in the language of this request, `%(name)s` filled in where params are given."""
    text = _current.get().gettext(message)
    return text % params if params else text


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of the message for `number`."""
    return _current.get().ngettext(singular, plural, number)


_ = gettext


def marked(message: str) -> str:
    """Mark a message kept in a table for extraction; it is translated where it is shown."""
    return message


def catalogues(directories: tuple[Path, ...] = CATALOGUE_DIRECTORIES) -> dict[Language, Catalogue]:
    """Read the catalogues of the portal and of the packages whose messages it shows."""
    return load_catalogues(d for d in directories if (d / "en.po").exists())
