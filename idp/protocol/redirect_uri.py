"""Redirection endpoints: what may be registered, and what equals it (RFC 9700 §2.1 and §4.1, RFC 8252 §7)."""

import re
from typing import Literal
from urllib.parse import urlsplit

from idp.protocol.client import Client

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# RFC 3986 characters without fragment; everything else (spaces, controls, backslash, full-width dots) is refused.
_URI_TEXT = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+\Z")
_HOST = re.compile(r"\A(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z|\A::1\Z")
# RFC 8252 §7.1: a scheme of one's own is a domain name turned round, so it has a dot.
_OWN_SCHEME = re.compile(r"\A[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+\Z")


class RedirectUriRefused(ValueError):
    """The address can't be registered; the message says why."""


def check_registration(uri: str, application_type: Literal["web", "native"]) -> None:
    """Check an address at registration, for redirect_uris and post_logout_redirect_uris.

    Web clients use https, or http on loopback for development; native ones may also use a scheme of their own.

    Raises:
        RedirectUriRefused: with the reason.
    """
    if len(uri) > 2000 or not _URI_TEXT.match(uri):
        raise RedirectUriRefused(f"{uri!r}: not an absolute URI of plain characters without fragment")
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises when it isn't a number
    except ValueError:
        raise RedirectUriRefused(f"{uri!r}: host or port can't be read") from None
    if parts.scheme not in ("https", "http"):
        if application_type == "native" and _OWN_SCHEME.match(parts.scheme):
            return
        raise RedirectUriRefused(f"{uri!r}: the scheme must be https")
    if parts.username is not None or parts.password is not None:
        raise RedirectUriRefused(f"{uri!r}: no user name in the address")
    if not _HOST.match(host) or host != _written_host(parts.netloc):
        raise RedirectUriRefused(f"{uri!r}: the host must be a plain lower-case name")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise RedirectUriRefused(f"{uri!r}: http is allowed on loopback only")
    if any(step in ("..", ".") for step in re.split(r"[/\\]", parts.path)):
        raise RedirectUriRefused(f"{uri!r}: no dot segments")


def is_registered(uri: str, client: Client) -> bool:
    """Tell whether a redirect_uri equals a registered one, character by character (OpenID Connect Core §3.1.2.1).

    A native client's loopback address may differ in its port alone (RFC 8252 §7.3).
    """
    if uri in client.redirect_uris:
        return True
    if client.application_type != "native":
        return False
    return any(_same_but_port(uri, registered) for registered in client.redirect_uris)


def _same_but_port(uri: str, registered: str) -> bool:
    own = re.match(r"\Ahttp://(127\.0\.0\.1|\[::1\])(?::\d{1,5})?(/[^#]*)?\Z", registered)
    given = re.match(r"\Ahttp://(127\.0\.0\.1|\[::1\])(?::\d{1,5})?(/[^#]*)?\Z", uri)
    return own is not None and given is not None and own.groups() == given.groups()


def origin_of(uri: str) -> str:
    """Return the origin of an address, or its scheme for one of a native client; for CSP form-action."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _written_host(netloc: str) -> str:
    return re.sub(r":\d*\Z", "", netloc).strip("[]")
