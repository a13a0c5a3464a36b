"""Normal forms: what a clerk typed or pasted, as the one way it is kept. Everything here is bounded and pure."""

import re
import unicodedata

LONGEST_SHORT = 64
"""Numbers, dates and codes are refused beyond this many characters, before any work is done on them."""

LONGEST_TEXT = 10_000
"""Texts likewise; the guide's own `max_length` is far below."""

_SPACES = re.compile(r"\s+")
_JOINERS = re.compile(r"[\s\-‐-―－_]+")
# Control characters other than tab and newline, lone surrogates, non-characters and direction marks: PostgreSQL,
# XML and old department systems each choke on some of them, and none can be meant. U+FFFD says that something was
# lost on the way here.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd-\uffff]")


def has_forbidden_characters(text: str) -> bool:
    """Tell whether `text` holds characters that no form may carry."""
    return _FORBIDDEN.search(text.replace("\r\n", "\n")) is not None


def line(text: str) -> str:
    """Return one line: composed (NFC, so that rare characters stay as typed), spaces joined and trimmed."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def paragraph(text: str) -> str:
    """Return a text of several lines, composed and trimmed, with plain line ends."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(part.rstrip() for part in lines).strip()


def half_width(text: str) -> str:
    """Return numbers and letters as a half-width keyboard gives them (NFKC), trimmed."""
    return unicodedata.normalize("NFKC", text).strip()


def number_like(text: str) -> str:
    """Return an identity number, code or account: half-width, without spaces and hyphens, upper case."""
    return _JOINERS.sub("", half_width(text)).upper()
