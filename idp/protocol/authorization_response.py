"""The authorization response: `iss` on every one, errors too (RFC 9207 §2), state as it was received."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus

from idp.protocol.authorization_request import Target
from idp.protocol.errors import OAuthError


def success(code: str, target: Target, *, issuer: str) -> dict[str, str]:
    """Return the parameters that carry a code to the client (RFC 6749 §4.1.2)."""
    return _completed({"code": code}, target, issuer)


def failure(error: OAuthError, target: Target, *, issuer: str) -> dict[str, str]:
    """Return the parameters that carry an error to the client (RFC 6749 §4.1.2.1)."""
    return _completed(error.parameters(), target, issuer)


def location(redirect_uri: str, parameters: Mapping[str, str]) -> str:
    """Return the address with the parameters added; its own query is kept (RFC 6749 §3.1.2)."""
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{'&'.join(f'{name}={_quoted(value)}' for name, value in parameters.items())}"


_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*")  # RFC 3986 §2.3; most codes and states are nothing else


def _quoted(value: str) -> str:
    return value if _UNRESERVED.fullmatch(value) else quote_plus(value)


def _completed(parameters: dict[str, str], target: Target, issuer: str) -> dict[str, str]:
    if target.state is not None:
        parameters["state"] = target.state
    parameters["iss"] = issuer
    return parameters
