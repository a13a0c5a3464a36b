"""Front-channel logout: frames on the signed-out page (OpenID Connect Front-Channel Logout 1.0).

Best effort and nothing more: browsers keep third-party cookies from frames, so a relying party that can is better
told over the back channel, and is then told there only.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlencode, urlsplit

from idp.protocol.client import Client

FRAMES_AT_MOST: Final = 20


class FrontChannelRefused(ValueError):
    """The address can't be registered; the message says why."""


def check_registration(client: Client) -> None:
    """Scheme, host and port must be those of a registered redirect_uri (§2).

    Raises:
        FrontChannelRefused: they are not.
    """
    uri = client.frontchannel_logout_uri
    if uri and _origin(uri) not in {_origin(known) for known in client.redirect_uris}:
        raise FrontChannelRefused(f"frontchannel_logout_uri: {uri!r} has another origin than every redirect_uri")


def frames(clients: Iterable[Client], *, issuer: str, sid: str) -> tuple[str, ...]:
    """Return the addresses to load; `iss` and `sid` come together, always (§3)."""
    asked = [client.frontchannel_logout_uri for client in clients if is_told_in_browser(client)]
    return tuple(_with(uri, {"iss": issuer, "sid": sid}) for uri in asked[:FRAMES_AT_MOST])


def is_told_in_browser(client: Client) -> bool:
    """Tell whether a frame is the way to this client."""
    return bool(client.frontchannel_logout_uri) and not client.backchannel_logout_uri


def origins(uris: Sequence[str]) -> tuple[str, ...]:
    """Return the origins frames may come from, for the page's frame-src."""
    return tuple(dict.fromkeys(_origin(uri) for uri in uris))


def _with(uri: str, parameters: dict[str, str]) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}"


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
