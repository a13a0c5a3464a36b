"""Subject identifiers: what a client calls a person (OpenID Connect Core §8).

A `public` client gets the account's own `sub`. A `pairwise` one gets another for each sector, so that two systems
can't tell from it that they serve the same person; it follows from the `sub`, the sector and a secret of the
installation, so nothing is kept and it never changes.
"""

import base64
import hmac
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from idp.protocol.client import Client
from idp.protocol.scope import API_SCOPES


class SubjectRefused(ValueError):
    """A pairwise registration that can't be; the message names the metadata field."""


class SubjectFor(Protocol):
    """The one function every token and answer takes its sub from."""

    def __call__(self, client: Client, sub: str) -> str:
        """Return what the client calls the account with this sub."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """`SubjectFor` under a key of the installation."""

    key: bytes = field(repr=False)

    def __call__(self, client: Client, sub: str) -> str:
        """Return the client's identifier of an account: 43 characters for a pairwise client (§8.1)."""
        if client.subject_type != "pairwise":
            return sub
        digest = hmac.digest(self.key, f"{sector_of(client)}\x1f{sub}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def sector_of(client: Client) -> str:
    """Return the host the identifiers of a pairwise client belong to (§8.1)."""
    return urlsplit(client.sector_identifier_uri or next(iter(client.redirect_uris), "")).hostname or client.client_id


def check_registration(client: Client) -> None:
    """Check that a client can be pairwise.

    Our API knows people by their own sub, and a token that names it would undo what pairwise is for.

    Raises:
        SubjectRefused: see there.
    """
    if client.subject_type != "pairwise":
        return
    hosts = {urlsplit(uri).hostname for uri in client.redirect_uris}
    if len(hosts) > 1 and not client.sector_identifier_uri:
        raise SubjectRefused(
            "sector_identifier_uri: redirect_uris of several hosts need one (OpenID Connect Core §8.1)"
        )
    if set(client.scope) & set(API_SCOPES):
        raise SubjectRefused("subject_type: a pairwise client has no scope of this provider's API")
