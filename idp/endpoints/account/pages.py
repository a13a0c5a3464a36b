"""The pages of one's own account as data; times are texts in the zone people here live in."""

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from idp.endpoints.rendering import PasskeyPrompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A sign-in, or one that failed."""

    at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """What is set up, and the latest sign-ins."""

    template: ClassVar[str] = "account_overview.html"
    name: str
    username: str
    unit_name: str
    totp: bool
    passkeys: int
    passkeys_available: bool
    recovery_codes: int
    has_factor: bool
    events: tuple[Event, ...]
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage:
    """Change the password."""

    template: ClassVar[str] = "account_password.html"
    username: str
    form_token: str
    error: str
    field: str  # the input the error is about: current, password or again


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One place where the person is signed in."""

    sid: str
    here: bool
    window: str
    began: str
    used: str
    how: str
    systems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPage:
    """Where the person is signed in."""

    template: ClassVar[str] = "account_sessions.html"
    form_token: str
    sessions: tuple[SessionLine, ...]
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpPage:
    """One-time codes: set up with a picture and a key as text, or removed."""

    template: ClassVar[str] = "account_totp.html"
    form_token: str
    enabled: bool
    qr: Markup
    key: str
    error: str
    onward: str
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyLine:
    """One passkey."""

    id: str
    name: str
    created: str
    used: str
    backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeysPage:
    """Passkeys: add, look at, remove. `prompt` is None where none can be made."""

    template: ClassVar[str] = "account_passkeys.html"
    form_token: str
    passkeys: tuple[PasskeyLine, ...]
    prompt: PasskeyPrompt | None
    full: bool
    error: str
    onward: str
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesPage:
    """How many recovery codes are left, and a button for new ones; `codes` are shown once, right after making."""

    template: ClassVar[str] = "account_recovery_codes.html"
    form_token: str
    once: str
    codes: tuple[str, ...]
    left: int
    made: str
    has_factor: bool
    onward: str
