"""What a client may register as: the policy behind an initial access token (RFC 7591 §3, Appendix A)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from idp.protocol.client import Client, Profile
from idp.protocol.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError

# Every address a client registers leads somewhere: each must lie where the policy says.
_ADDRESSES: Final = (
    "jwks_uri", "sector_identifier_uri", "backchannel_logout_uri", "frontchannel_logout_uri", "client_uri", "logo_uri",
    "policy_uri", "tos_uri",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInvitation:
    """One initial access token, kept by its hash; `uses` counts down.

    `redirect_hosts` are host names, `*.example.gov.cn` for all below one, or the own scheme of a native program.
    """

    invitation_id: str
    token_hash: str
    name: str
    scope: tuple[str, ...]
    grant_types: tuple[str, ...]
    redirect_hosts: tuple[str, ...]
    profile: Profile
    allowed_roles: tuple[str, ...]
    uses: int
    expires_at: datetime
    created_at: datetime

    def holds(self, *, at: datetime) -> bool:
        """Tell whether a client may still be registered with it."""
        return self.uses > 0 and at < self.expires_at


def check_allowed(client: Client, invitation: ClientInvitation) -> None:
    """Check a registration, or a change of one, against the policy it was invited under.

    Raises:
        InvalidClientMetadata, InvalidRedirectUri: what goes beyond it.
    """
    if beyond := sorted(set(client.scope) - set(invitation.scope)):
        raise InvalidClientMetadata(f"scope: not for this client: {' '.join(beyond)}")
    if beyond := sorted(set(client.grant_types) - set(invitation.grant_types)):
        raise InvalidClientMetadata(f"grant_types: not for this client: {' '.join(beyond)}")
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        for uri in getattr(client, name):
            _check_place(name, uri, invitation, InvalidRedirectUri)
    for name in _ADDRESSES:
        if uri := getattr(client, name):
            _check_place(name, uri, invitation, InvalidClientMetadata)


def _check_place(name: str, uri: str, invitation: ClientInvitation, refusal: type[OAuthError]) -> None:
    parts = urlsplit(uri)
    place = (parts.hostname or "") if parts.scheme in ("http", "https") else parts.scheme
    if not any(_covers(pattern, place) for pattern in invitation.redirect_hosts):
        raise refusal(f"{name}: {place} is not among the hosts this client may use")


def _covers(pattern: str, place: str) -> bool:
    return place.endswith(pattern[1:]) if pattern.startswith("*.") else place == pattern
