"""Languages: Chinese first. Sources are written in Chinese, `locale/en.po` beside them holds the English.

Catalogues are read from .po by each process, so there is no compiled file to forget.
"""

import gettext
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh-Hans", "en"]
CHINESE: Language = "zh-Hans"
LANGUAGES: tuple[Language, ...] = ("zh-Hans", "en")


class Catalogue(gettext.NullTranslations):
    """Messages of one language; what it lacks is shown in Chinese."""

    def __init__(self, language: Language, messages: dict[str, str]) -> None:
        super().__init__()
        self.language = language
        self._messages = messages

    def gettext(self, message: str) -> str:
        return self._messages.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        # Chinese has one form; English catalogues give the plural under the second msgid.
        return self.gettext(msgid1 if n == 1 else msgid2)


def load_catalogues(directories: Iterable[Path]) -> dict[Language, Catalogue]:
    """Return the catalogue of each language from `<directory>/en.po` of every directory."""
    english: dict[str, str] = {}
    for directory in directories:
        english |= _messages(directory / "en.po")
    return {"zh-Hans": Catalogue("zh-Hans", {}), "en": Catalogue("en", english)}


@cache
def _messages(catalogue: Path) -> Mapping[str, str]:
    """Return the translations of a file, read once: it does not change while we run."""
    from babel.messages.pofile import read_po  # takes as long to load as the catalogues to read

    with catalogue.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale="en") if m.id and m.string}


def negotiate(accept_language: str | None, preferred: str | None = None) -> Language:
    """Return the account's language if it is one of ours, else the best of Accept-Language (RFC 9110 §12.5.4)."""
    if preferred in LANGUAGES:
        return preferred
    for tag in _by_quality(accept_language or ""):
        primary = tag.split("-", 1)[0]
        if primary == "zh":
            return "zh-Hans"
        if primary == "en":
            return "en"
    return CHINESE


def _by_quality(header: str) -> Sequence[str]:
    weighted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:400].split(",")):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            quality = 0.0
        if tag and quality > 0:
            weighted.append((-quality, position, tag.lower()))
    return [tag for _, _, tag in sorted(weighted)]
