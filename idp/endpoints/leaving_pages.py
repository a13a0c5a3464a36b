"""The pages of leaving: asked, signed out, locked, the session itself. Contexts only."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessionPage:
    """Ask whether to sign out, hand over or lock; `fields` repeat the request, which is checked again."""

    template: ClassVar[str] = "end_session.html"
    way: str  # end_session, hand_over or lock
    client_name: str
    action: str
    form_token: str
    name: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLine:
    """What became of one system: `told` as in `idp.protocol.logout.Told`, `words` in the reader's language."""

    name: str
    told: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutPage:
    """Nobody is signed in any more; `onward` leads to where the person was going."""

    template: ClassVar[str] = "signed_out.html"
    home: str
    onward: str = ""
    onward_name: str = ""  # the system that asked; "" with `handed_over`
    handed_over: bool = False
    lines: tuple[SystemLine, ...] = ()
    frames: tuple[str, ...] = ()  # addresses of OpenID Connect Front-Channel Logout 1.0
    waiting: bool = False
    attention: bool = False  # at least one system may still be open
    again: str = ""  # this page, without the frames


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Who is signed in at this browser; `locked` shows nothing but the ways out of the lock."""

    template: ClassVar[str] = "session.html"
    name: str
    unit_name: str
    window: str
    ends: str  # 17:30, Shanghai time
    locked: bool
    unlock: str
    lock: str
    hand_over: str
    end_session: str
    form_token: str
    home: str
