"""The provider's cookies: the session, the browser an interaction is bound to, the browser a person knows, its window.

Under https they carry the `__Host-` prefix, so that no subdomain can plant one (RFC 6265bis §4.1.3.2).
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import token_urlsafe
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.state import IdpState
from idp.protocol.account import fold_username
from idp.protocol.session import window_name

_NAMES: Final = {
    "session": ("__Host-idp_sid", "onewindow_idp"),
    "browser": ("__Host-idp_browser", "onewindow_idp_browser"),
    "window": ("__Host-idp_window", "onewindow_idp_window"),
    "known": ("__Host-idp_known", "onewindow_idp_known"),
    "invitation": ("__Host-idp_invitation", "onewindow_idp_invitation"),
}
_WINDOW_SECONDS: Final = 365 * 24 * 3600
_INVITATION_SECONDS: Final = 3600
_KNOWN_SECONDS: Final = 180 * 24 * 3600


def session(request: Request, idp: IdpState) -> str | None:
    """Return the session cookie as sent."""
    return request.cookies.get(_name("session", idp))


def set_session(response: Response, idp: IdpState, value: str) -> None:
    """Set the session cookie until the browser closes; the server-side limits are shorter."""
    _set(response, idp, "session", value, None)


def drop_session(response: Response, idp: IdpState) -> None:
    """Delete the session cookie."""
    response.delete_cookie(_name("session", idp), path="/", secure=idp.https, httponly=True, samesite="lax")


def browser(request: Request, idp: IdpState) -> str | None:
    """Return the id of this browser, if it has one of ours."""
    value = request.cookies.get(_name("browser", idp), "")
    return value if len(value) == 43 else None


def set_browser(response: Response, idp: IdpState, value: str) -> None:
    """Let the browser carry its id until it closes."""
    _set(response, idp, "browser", value, None)


def hash_browser(value: str) -> str:
    """Return what an interaction keeps of the browser's id."""
    return hashlib.sha256(value.encode()).hexdigest()


def known_browser(request: Request, idp: IdpState, username: str) -> str | None:
    """Return the id under which this browser signed in to the account before, or None."""
    nonce, _, mac = request.cookies.get(_name("known", idp), "").partition(".")
    fits = bool(nonce) and hmac.compare_digest(
        mac.encode(), _mac(idp, "known", nonce, fold_username(username)).encode()
    )
    return nonce if fits else None


def set_known_browser(response: Response, idp: IdpState, username: str) -> None:
    """Remember for half a year that this browser signed in to the account."""
    nonce = token_urlsafe(16)
    _set(response, idp, "known", f"{nonce}.{_mac(idp, 'known', nonce, fold_username(username))}", _KNOWN_SECONDS)


def window(request: Request, idp: IdpState) -> str:
    """Return the window this browser stands at, as chosen at the last sign-in."""
    try:
        text = urlsafe_b64decode(request.cookies.get(_name("window", idp), "")[:400].encode()).decode()
    except ValueError:
        return ""
    return window_name(text)


def set_window(response: Response, idp: IdpState, name: str) -> None:
    """Remember for a year at which window this browser stands."""
    _set(response, idp, "window", urlsafe_b64encode(name.encode()).decode(), _WINDOW_SECONDS)


def invitation(request: Request, idp: IdpState) -> str:
    """Return the secret of the invitation this browser opened, or ""."""
    return request.cookies.get(_name("invitation", idp), "")[:64]


def set_invitation(response: Response, idp: IdpState, value: str) -> None:
    """Carry the secret of an invitation from its address to its form, for an hour."""
    _set(response, idp, "invitation", value, _INVITATION_SECONDS)


def drop_invitation(response: Response, idp: IdpState) -> None:
    """Forget the secret of an invitation that was used up."""
    response.delete_cookie(_name("invitation", idp), path="/", secure=idp.https, httponly=True, samesite="lax")


def form_token(idp: IdpState, *bound_to: str) -> str:
    """Return the second fence of a form: nobody makes it without our key, and it fits one page in one browser."""
    return _mac(idp, "form", *bound_to)


def is_form_token(idp: IdpState, token: str, *bound_to: str) -> bool:
    """Tell whether a form was one of ours."""
    return hmac.compare_digest(token.encode(), form_token(idp, *bound_to).encode())


def _mac(idp: IdpState, *parts: str) -> str:
    return hmac.new(idp.form_key, "\x1f".join(parts).encode(), "sha256").hexdigest()


def _name(kind: str, idp: IdpState) -> str:
    return _NAMES[kind][0 if idp.https else 1]


def _set(response: Response, idp: IdpState, kind: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        _name(kind, idp), value, max_age=max_age, path="/", secure=idp.https, httponly=True, samesite="lax"
    )
