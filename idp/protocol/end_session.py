"""RP-initiated logout: whether to ask, and where to go afterwards (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass
from typing import Final

from idp.protocol.authorization_response import location
from idp.protocol.client import Client
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.parameters import Parameters
from idp.protocol.session import Session
from idp.protocol.signing import VerifiedClaims

_STATE_AT_MOST: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """A checked request. `redirect_to` is empty when the person stays on our page; `ask` wants their word first."""

    client: Client | None
    redirect_to: str
    ask: bool


def client_id_of(parameters: Parameters, hint: VerifiedClaims | None) -> str | None:
    """Return whose logout it is: client_id and the hint's audience must agree (§2).

    Raises:
        NotRedirectable: they do not.
    """
    audience = None if hint is None else str(hint["aud"])
    named = parameters.get("client_id")
    if named is not None and audience is not None and named != audience:
        raise NotRedirectable(PageReason.LOGOUT_REFUSED, detail="client_id and id_token_hint differ")
    return named or audience


def check(
    parameters: Parameters,
    *,
    client: Client | None,
    hint: VerifiedClaims | None,
    session: Session | None,
    subject: str,
) -> LogoutRequest:
    """Decide about a logout request; `subject` is what the client calls the session's person.

    Without a hint, or with one of another person or session, the person is asked (§2, §6). The address must be
    exactly a registered one, and a hint must vouch for the client, or the person's own yes does (§3).

    Raises:
        NotRedirectable: an address that is not registered; nothing is ended either (§4).
    """
    uri = parameters.get("post_logout_redirect_uri")
    if uri is not None and (client is None or uri not in client.post_logout_redirect_uris):
        raise NotRedirectable(PageReason.LOGOUT_REFUSED, detail="post_logout_redirect_uri")
    state = parameters.get("state", "")
    redirect_to = uri or ""
    if uri and state and len(state) <= _STATE_AT_MOST:
        redirect_to = location(uri, {"state": state})
    return LogoutRequest(
        client=client, redirect_to=redirect_to, ask=session is not None and not _speaks_for(hint, session, subject)
    )


def _speaks_for(hint: VerifiedClaims | None, session: Session, subject: str) -> bool:
    return hint is not None and hint["sub"] == subject and hint.get("sid", session.sid) == session.sid
