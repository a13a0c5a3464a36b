"""The one session of an account, shared by all workers: kept sealed in a note, logged in by one of them at a time.

""           nobody is logged in
busy         a worker logs in, until `until`
wanted       the log-in page asks for a captcha: a person has to read it
asked        a person is reading it; `cookies` and `hidden` belong to that picture
open         logged in, until `until`
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connectors.ports import Note, Notes
from connectors.sealing import seal, unseal
from connectors.secrets_dir import Secrets

State = Literal["", "busy", "wanted", "asked", "open"]
NOTE = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    state: State = ""
    until: datetime | None = None
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False)
    version: int = 0

    def is_open(self, at: datetime) -> bool:
        return self.state == "open" and self.until is not None and at < self.until

    def is_busy(self, at: datetime) -> bool:
        """Tell whether somebody else is about to log in: a second log-in would throw the first one out."""
        return self.state in ("busy", "asked") and self.until is not None and at < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBook:
    """Reads and writes the session of one system."""

    system: str
    password: str
    notes: Notes
    secrets: Secrets

    async def read(self) -> Session:
        return self._opened(await self.notes.read(self.system, NOTE))

    async def write(
        self,
        before: Session,
        state: State,
        *,
        at: datetime,
        lasts: timedelta = timedelta(0),
        cookies: Mapping[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
    ) -> Session | None:
        """Write over `before`; None when somebody else wrote meanwhile."""
        after = Session(
            state=state, until=at + lasts, cookies=cookies or {}, hidden=hidden or {}, version=before.version + 1
        )
        text = json.dumps(
            {
                "state": after.state,
                "until": after.until.isoformat() if after.until else "",
                "cookies": dict(after.cookies),
                "hidden": dict(after.hidden),
            }
        )
        sealed = seal(self.secrets.current(self.password), f"session:{self.system}", text)
        is_written = await self.notes.write(self.system, NOTE, sealed, expected=before.version, at=at)
        return after if is_written else None

    def _opened(self, note: Note) -> Session:
        text = unseal(self.secrets.current(self.password), f"session:{self.system}", note.text) if note.text else ""
        if not text:
            return Session(version=note.version)
        held = json.loads(text)
        return Session(
            state=held["state"],
            until=datetime.fromisoformat(held["until"]) if held["until"] else None,
            cookies=held["cookies"],
            hidden=held["hidden"],
            version=note.version,
        )
