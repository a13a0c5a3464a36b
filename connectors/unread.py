"""Answers of a department that nobody could make sense of, kept as they came for the system's owner. Pure.

Unreadable (another character set, cut off, without an end, too long), or read and meant by no rule. Only the beginning
is kept, so many per system, and the same answer coming again counts instead of being kept again. What is shown of it is
masked like everything else (`connectors.redaction`).
"""

import codecs
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

from connectors.charsets import is_utf8_instead
from connectors.ledger import Submission

MOST_BYTES: Final = 4_000
"""Of one answer; the rest is never kept, and of an answer without an end never waited for."""
MOST_KEPT: Final = 50
"""Of one system; the oldest make room."""

Where = Literal["send", "probe", "poll", "list", "page", "message", "receipt", "row", "upload"]
"""What the answer was to: a case sent, asked for, asked how far it is, a day's list; or what came on a results channel."""
_CHARSET: Final = re.compile(r"charset=[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One such answer. `error` is a word of `connectors.outcomes.ERRORS`, or empty where no rule knew what it means.

    `name` is a file's or a message's; `text` the beginning of the content, what can't be decoded spelled out.
    """

    system: str
    where: Where
    error: str
    text: str = field(repr=False)
    http_status: int = 0
    content_type: str = ""
    name: str = ""
    delivery_id: str = ""
    times: int = 1
    first_at: datetime
    last_at: datetime

    @property
    def digest(self) -> str:
        """Return what makes two of a system the same: content and what was wrong with it, whoever's case it was."""
        told = "\x1f".join((self.where, self.error, str(self.http_status), self.text))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class UnreadBook(Protocol):
    """Where they are kept."""

    async def keep(self, unread: Unread) -> None:
        """Keep it, or count it once more; never raises, for a delivery must not fail over its own footnote."""


class UnreadShelf(Protocol):
    """Reading them, with the cases their words may be about."""

    async def of_system(self, system: str) -> Sequence[Unread]:
        """Return what is kept of a system, the latest first."""

    async def find(self, system: str, digest: str) -> Unread | None: ...

    async def regions(self, delivery_ids: Collection[str]) -> Mapping[str, str]:
        """Return the region of each delivery."""

    async def submission_of(self, delivery_id: str) -> Submission | None: ...

    async def latest(self, system: str, *, most: int) -> Sequence[Submission]:
        """Return the cases last sent to a system: those an answer about many may be about."""


class NoUnreadBook:
    """Keeps nothing: for dry runs and trials, where the answer itself is looked at."""

    async def keep(self, unread: Unread) -> None:
        """Forget it."""


def beginning(content: bytes, *, content_type: str = "", otherwise: str) -> str:
    """Return the beginning of `content` as text a person can look at.

    In the character set it names, else the one agreed (`otherwise`), else one of those departments use; where it is in
    none, bytes are spelled out.
    """
    head, is_cut = content[:MOST_BYTES], len(content) > MOST_BYTES
    for charset in _charsets(head, content_type, otherwise):
        try:
            return _shown(_decoded(head, charset, is_cut=is_cut))
        except (LookupError, UnicodeDecodeError):
            continue
    return _shown(head.decode("ascii", "backslashreplace"))


def _charsets(head: bytes, content_type: str, otherwise: str) -> tuple[str, ...]:
    """Return the character sets to try, the likeliest first."""
    if head.count(0) * 3 > len(head):
        # Read in any other set, every second character of a number would stand apart from the next.
        return ("utf-16",)
    named = _CHARSET.search(content_type)
    agreed = ((named[1],) if named else ()) + (otherwise, "utf-8", "gb18030")
    return ("utf-8", *agreed) if is_utf8_instead(_whole_characters(head)) else agreed


def _whole_characters(head: bytes) -> bytes:
    """Return `head` without a UTF-8 character that its end may have cut in half."""
    return head.decode("utf-8", "ignore").encode() if len(head) == MOST_BYTES else head


def _decoded(head: bytes, charset: str, *, is_cut: bool) -> str:
    """Return `head` in a character set; a character that our own limit cut in half is no fault of theirs."""
    decoder = codecs.getincrementaldecoder(charset)()
    return decoder.decode(head, final=not is_cut)


def _shown(text: str) -> str:
    """Return `text` with what no database keeps and no page shows spelled out; line ends and tabs stay."""
    return "".join(
        c if c in "\n\t" or (c.isprintable() and not 0xD800 <= ord(c) < 0xE000) else _spelled(c) for c in text
    )


def _spelled(character: str) -> str:
    return "" if character == "\r" else character.encode("unicode_escape").decode()
