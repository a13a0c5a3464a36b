"""The authorization response: `iss` on every one, errors too (RFC 9207 §2), state as it was received."""

from collections.abc import Mapping
from urllib.parse import urlencode

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
    return f"{redirect_uri}{joint}{urlencode(parameters)}"


def _completed(parameters: dict[str, str], target: Target, issuer: str) -> dict[str, str]:
    if target.state is not None:
        parameters["state"] = target.state
    parameters["iss"] = issuer
    return parameters
