"""Client authentication: exactly one method, the registered one (RFC 6749 §2.3, OpenID Connect Core §9)."""

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from idp.protocol.client import AuthMethod, Client, is_secret
from idp.protocol.client_assertion import subject_of
from idp.protocol.errors import InvalidClient
from idp.protocol.parameters import Parameters

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_AT_MOST = 1024
_REFUSED = "Client authentication failed."


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedCredentials:
    """What a caller presents, before anything of it is believed."""

    method: AuthMethod
    client_id: str
    client_secret: str = field(default="", repr=False)
    client_assertion: str = field(default="", repr=False)


def read_credentials(authorization: str, form: Parameters) -> PresentedCredentials:
    """Return who the caller says it is, and by which method; `authorization` is the header, empty without one.

    Raises:
        InvalidClient: none, several methods at once (RFC 6749 §2.3), or unreadable.
    """
    found: list[PresentedCredentials] = []
    if authorization:
        found.append(_basic(authorization))
    if "client_secret" in form:
        found.append(_post(form))
    if "client_assertion" in form or "client_assertion_type" in form:
        found.append(_assertion(form))
    if len(found) > 1:
        raise InvalidClient("Use one authentication method, not several.")
    if not found and "client_id" in form:
        found.append(PresentedCredentials(method="none", client_id=form["client_id"]))
    if not found:
        raise InvalidClient("Client authentication is missing.")
    if form.get("client_id", found[0].client_id) != found[0].client_id:
        raise InvalidClient("client_id differs from the credentials.")
    return found[0]


def verify_credentials(presented: PresentedCredentials, client: Client | None) -> Client:
    """Return the client when the credentials are its own; private_key_jwt is verified in `client_assertion`.

    Raises:
        InvalidClient: unknown, stopped, another method than registered, or a wrong secret. One text for all.
    """
    if client is None or client.disabled or client.client_id != presented.client_id:
        # The same work as for a known client, so that time does not tell which ids exist.
        is_secret(_NOBODY, presented.client_secret)
        raise InvalidClient(_REFUSED)
    if presented.method != client.token_endpoint_auth_method:
        raise InvalidClient(_REFUSED)
    if presented.method in ("client_secret_basic", "client_secret_post") and not is_secret(
        client, presented.client_secret
    ):
        raise InvalidClient(_REFUSED)
    return client


_NOBODY = Client(client_id="", client_secret_hash="0" * 64)


def _basic(authorization: str) -> PresentedCredentials:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 2 * _AT_MOST:
        raise InvalidClient("Use the Basic scheme.")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClient("The Basic credentials can not be read.") from None
    # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
    return _with_secret("client_secret_basic", unquote_plus(user), unquote_plus(password) if colon else "")


def _post(form: Parameters) -> PresentedCredentials:
    return _with_secret("client_secret_post", form.get("client_id", ""), form["client_secret"])


def _with_secret(method: AuthMethod, client_id: str, secret: str) -> PresentedCredentials:
    if not client_id or not secret or len(secret) > _AT_MOST or "\x00" in secret + client_id:
        raise InvalidClient(_REFUSED)
    return PresentedCredentials(method=method, client_id=client_id, client_secret=secret)


def _assertion(form: Parameters) -> PresentedCredentials:
    assertion = form.get("client_assertion", "")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not assertion:
        raise InvalidClient("client_assertion_type and client_assertion belong together.")
    return PresentedCredentials(method="private_key_jwt", client_id=subject_of(assertion), client_assertion=assertion)
