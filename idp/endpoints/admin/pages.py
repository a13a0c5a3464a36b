"""The administrators' pages as data; texts are in the reader's language already."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several values of a field."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One account in the list."""

    sub: str
    username: str
    name: str
    unit_name: str
    region: str
    roles: str
    standing: str
    stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsPage:
    """The list of a region, searched and filtered; `earlier` and `later` are addresses, "" at an end."""

    template: ClassVar[str] = "admin_accounts.html"
    text: str
    roles: tuple[Choice, ...]
    standings: tuple[Choice, ...]
    lines: tuple[AccountLine, ...]
    total: int
    page: int
    pages: int
    earlier: str
    later: str
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """One account; forms only when `may_change`, and `link` once, right after it was made."""

    template: ClassVar[str] = "admin_account.html"
    form_token: str
    sub: str
    username: str
    name: str
    unit: str
    unit_name: str
    region: str
    role_words: str
    standing: str
    disabled: bool
    invited: bool
    own: bool
    may_change: bool
    roles: tuple[Choice, ...]
    units: tuple[tuple[str, str, str], ...]
    factors: str
    sessions: int
    link: str
    notice: str
    error: str
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLine:
    """A line of a file that can't be imported, and what to do."""

    line: int
    column: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """Upload a file."""

    template: ClassVar[str] = "admin_import.html"
    form_token: str
    error: str
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """A person who would come in."""

    line: int
    username: str
    name: str
    unit_name: str
    roles: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreviewPage:
    """What an import would do; nothing has happened yet."""

    template: ClassVar[str] = "admin_import_preview.html"
    form_token: str
    file_id: str
    fresh: int
    existing: int
    first: tuple[PreviewLine, ...]
    faults: tuple[FaultLine, ...]
    fault_count: int
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJobPage:
    """How far an import is, then what came of it."""

    template: ClassVar[str] = "admin_import_job.html"
    job_id: str
    running: bool
    stopped: bool
    state: str
    done: int
    total: int
    created: int
    existing: int
    faults: tuple[FaultLine, ...]
    fault_count: int
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryLine:
    """A recovery that waits."""

    id: str
    name: str
    username: str
    unit_name: str
    started: str
    approved: bool
    may_approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveriesPage:
    """Start a recovery, and those that wait."""

    template: ClassVar[str] = "admin_recoveries.html"
    form_token: str
    username: str
    lines: tuple[RecoveryLine, ...]
    notice: str
    error: str
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodePage:
    """One half of the code, shown this once."""

    template: ClassVar[str] = "admin_recovery_code.html"
    first: bool
    name: str
    username: str
    code: str
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverPage:
    """The person types both halves and a new password."""

    template: ClassVar[str] = "recover.html"
    form_token: str
    username: str
    first: str
    second: str
    error: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPage:
    """The person sets the first password."""

    template: ClassVar[str] = "invitation.html"
    form_token: str
    name: str
    username: str
    error: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomePage:
    """A password is set; a second factor is offered."""

    template: ClassVar[str] = "welcome.html"
    name: str
    passkeys_available: bool
    home: str
