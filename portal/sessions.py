"""Sessions of the portal: an opaque id in a cookie, everything else on our side.

The store knows only the hash of the id, so what leaks from it opens nothing. A session is written once, at
sign-in, under a new id (no fixation), and never changed: two tabs cannot overwrite each other. It ends after
`IDLE` without a request, after `AT_MOST` in any case, at sign-out, or when the provider says that the sign-on it came
from (`sid`) is over.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from starlette.requests import HTTPConnection
from starlette.responses import Response

from config.clock import Clock
from config.state import StateStore
from portal.people import Person

IDLE = timedelta(hours=1)
AT_MOST = timedelta(hours=10)
BROWSER_LIVES = timedelta(hours=12)
# Longer than redeeming a code can take.
_ENDED_KNOWN_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One person signed in from one browser. `id_token` is the hint for signing out at the provider.

    `sign_on` is the `sid` of the provider's session, "" where it gave none.
    """

    person: Person
    id_token: str
    csrf_token: str
    began_at: datetime
    sign_on: str = ""

    def accepts(self, csrf_token: str) -> bool:
        """Compare a posted form token in constant time."""
        return hmac.compare_digest(self.csrf_token.encode(), csrf_token.encode())


def hashed(secret: str) -> str:
    """Return the form in which an id is kept; ids have 256 random bits, so a plain hash is enough."""
    return sha256(secret.encode()).hexdigest()


class Sessions:
    """Keeps sessions in the state store."""

    def __init__(self, state: StateStore, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def begin(
        self, person: Person, *, id_token: str, sign_on: str = "", redeemed_at: datetime | None = None
    ) -> str:
        """Keep a new session and return its id, for the cookie.

        `redeemed_at` is when redeeming its code began: a sign-on that ended since then opens nothing any more.
        """
        sid = token_urlsafe(32)
        document = {
            "person": person.document(),
            "id_token": id_token,
            "csrf_token": token_urlsafe(24),
            "began_at": self._clock().isoformat(),
            "sign_on": sign_on,
        }
        # Listed before it is kept, so that nothing lives that the provider's word would not find.
        for group in _groups(sign_on, person.sub):
            await self._state.join(group, hashed(sid), AT_MOST)
        await self._state.put(_key(sid), json.dumps(document).encode(), IDLE)
        if sign_on and redeemed_at is not None and await self._ended_since(sign_on, redeemed_at):
            await self.end(sid)
        return sid

    async def find(self, sid: str) -> Session | None:
        """Return the session and let it live on; None once it has expired or was ended."""
        kept = await self._state.get(_key(sid))
        if kept is None:
            return None
        document = json.loads(kept)
        session = Session(
            person=Person.from_document(document["person"]),
            id_token=document["id_token"],
            csrf_token=document["csrf_token"],
            began_at=datetime.fromisoformat(document["began_at"]),
            sign_on=document.get("sign_on", ""),
        )
        if self._clock() - session.began_at >= AT_MOST:
            await self.end(sid)
            return None
        await self._state.touch(_key(sid), IDLE)
        return session

    async def end(self, sid: str) -> None:
        """Forget the session; a copy of the cookie opens nothing from now on."""
        await self._state.forget(_key(sid))

    async def end_sign_on(self, *, sid: str, sub: str) -> int:
        """End every session that came from the provider's session `sid`, or without one every session of `sub`.

        Returns how many were listed; in every process they are dead when this returns.
        """
        if sid:
            await self._state.put(_ended_key(sid), self._clock().isoformat().encode(), _ENDED_KNOWN_FOR)
        group = _groups(sid, sub)[0]
        listed = await self._state.members(group)
        await self._state.forget(*(f"portal_session:{one}" for one in listed), group)
        return len(listed)

    async def _ended_since(self, sign_on: str, at: datetime) -> bool:
        ended = await self._state.get(_ended_key(sign_on))
        return ended is not None and datetime.fromisoformat(ended.decode()) >= at


def _key(sid: str) -> str:
    return f"portal_session:{hashed(sid)}"


def _groups(sign_on: str, sub: str) -> list[str]:
    by_sign_on = [f"portal_sessions_of_sign_on:{hashed(sign_on)}"] if sign_on else []
    return [*by_sign_on, f"portal_sessions_of:{hashed(sub)}"]


def _ended_key(sign_on: str) -> str:
    return f"portal_sign_on_ended:{hashed(sign_on)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """The portal's cookies. Under https they carry the `__Host-` prefix (RFC 6265bis §4.1.3)."""

    https: bool

    @property
    def session(self) -> str:
        return "__Host-portal_sid" if self.https else "onewindow_portal"

    @property
    def browser(self) -> str:
        return "__Host-portal_browser" if self.https else "onewindow_portal_browser"

    @property
    def language(self) -> str:
        return "__Host-language" if self.https else "onewindow_language"

    def read(self, connection: HTTPConnection, name: str) -> str | None:
        """Return a cookie of a believable length, or None."""
        value = connection.cookies.get(name)
        return value if value and len(value) <= 128 else None

    def give(self, response: Response, name: str, value: str, *, lives: timedelta | None = None) -> None:
        """Set a cookie no script can read; without `lives` it ends with the browser."""
        response.set_cookie(
            name,
            value,
            max_age=int(lives.total_seconds()) if lives else None,
            path="/",
            secure=self.https,
            httponly=True,
            samesite="lax",
        )

    def withdraw(self, response: Response, name: str) -> None:
        """Tell the browser to forget a cookie."""
        response.delete_cookie(name, path="/", secure=self.https, httponly=True, samesite="lax")

    def browser_of(self, connection: HTTPConnection, response: Response) -> str:
        """Return the id of this browser, giving it one at first; it binds sign-ins and parked input to it."""
        known = self.read(connection, self.browser)
        if known:
            return known
        new = token_urlsafe(24)
        self.give(response, self.browser, new, lives=BROWSER_LIVES)
        return new
