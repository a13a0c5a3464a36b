"""Passkeys (WebAuthn Level 2): registering one (§7.1) and signing in with one (§7.2), without I/O.

User verification is required, so a passkey is two factors in one. The `webauthn` package does the arithmetic; it
is imported when first needed, for it costs a tenth of the whole start.
"""

import base64
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

MOST_PER_ACCOUNT: Final = 10
MOST_NAME: Final = 40
CHALLENGE_BYTES: Final = 32
CHALLENGE_LIFETIME: Final = timedelta(minutes=10)
_TIMEOUT_MILLISECONDS: Final = 120_000
_MOST_CREDENTIAL: Final = 32 * 1024
# What the package lets through when a browser, or somebody in its place, sends nonsense (seen by fuzzing it).
_NONSENSE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


class PasskeyRefused(Exception):
    """The browser's answer does not hold; the text is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where passkeys belong: `rp_id` is the host, `origin` scheme, host and port (WebAuthn §5.1.3)."""

    rp_id: str
    origin: str

    @property
    def available(self) -> bool:
        """A passkey belongs to a domain: browsers make none for an address given in numbers."""
        return bool(self.rp_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A person's passkey as kept. `name` is the person's own word for it."""

    credential_id: bytes
    sub: str
    name: str
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    backed_up: bool
    created_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A key pair the browser made, proven to be in its authenticator's hands."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    backed_up: bool


def site_of(issuer: str) -> Site:
    """Return where the passkeys of this issuer belong; an empty `rp_id` when it has no host name."""
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return Site(rp_id=host, origin=f"{parts.scheme}://{parts.netloc}")
    return Site(rp_id="", origin=f"{parts.scheme}://{parts.netloc}")


def creation_options(
    site: Site, *, rp_name: str, sub: str, username: str, name: str, challenge: bytes, present: Iterable[Passkey]
) -> str:
    """Return the options for making a passkey, as JSON (WebAuthn §5.4); one the person has is not made again.

    `user.id` is the opaque `sub`, so that an authenticator keeps nothing about the person but what it shows.
    """
    return json.dumps({
        "rp": {"id": site.rp_id, "name": rp_name},
        "user": {"id": encoded(sub.encode()), "name": username, "displayName": name},
        "challenge": encoded(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-8, -7, -257)],
        "timeout": _TIMEOUT_MILLISECONDS,
        "excludeCredentials": _descriptors(present),
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": "required",
        },
        "attestation": "none",
    })  # fmt: skip


def request_options(site: Site, *, challenge: bytes, allowed: Iterable[Passkey] = ()) -> str:
    """Return the options for signing in, as JSON (WebAuthn §5.5); with none allowed by name, any of ours may answer."""
    return json.dumps({
        "rpId": site.rp_id,
        "challenge": encoded(challenge),
        "timeout": _TIMEOUT_MILLISECONDS,
        "allowCredentials": _descriptors(allowed),
        "userVerification": "required",
    })  # fmt: skip


def challenge_in(credential: str) -> bytes:
    """Return the challenge the browser's answer claims to be for; whether it is one of ours is looked up by it.

    Raises:
        PasskeyRefused: not the answer of a browser.
    """
    client_data = _member(_response(_document(credential)), "clientDataJSON")
    try:
        found = json.loads(client_data)
        return decoded(found["challenge"])
    except _NONSENSE as error:
        raise PasskeyRefused("clientDataJSON") from error


def credential_id_in(credential: str) -> bytes:
    """Return the id of the passkey that answers.

    Raises:
        PasskeyRefused: there is none.
    """
    return _text_bytes(_document(credential).get("rawId"))


def user_handle_in(credential: str) -> str | None:
    """Return the `sub` the authenticator names; None when it names nobody (WebAuthn §5.2.2)."""
    response = _response(_document(credential))
    if response.get("userHandle") is None:
        return None
    try:
        return _member(response, "userHandle").decode()
    except UnicodeDecodeError as error:
        raise PasskeyRefused("userHandle") from error


def verify_registration(credential: str, site: Site, *, challenge: bytes) -> Registered:
    """Return the passkey a browser made for this challenge here (WebAuthn §7.1).

    Raises:
        PasskeyRefused: another challenge, origin or host, or its owner was not verified.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    document = _document(credential)
    try:
        made = verify_registration_response(
            credential=document, expected_challenge=challenge, expected_rp_id=site.rp_id,
            expected_origin=site.origin, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, *_NONSENSE) as error:
        raise PasskeyRefused(type(error).__name__) from error
    transports = _response(document).get("transports")
    return Registered(
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=tuple(str(word)[:16] for word in transports[:8]) if isinstance(transports, list) else (),
        backed_up=made.credential_backed_up,
    )


def verify_authentication(credential: str, kept: Passkey, site: Site, *, challenge: bytes) -> int:
    """Return the new sign count of the passkey that answered this challenge here (WebAuthn §7.2).

    Raises:
        PasskeyRefused: as above; also a signature that doesn't fit and a count that did not grow (a copy).
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_authentication_response(
            credential=_document(credential), expected_challenge=challenge, expected_rp_id=site.rp_id,
            expected_origin=site.origin, credential_public_key=kept.public_key,
            credential_current_sign_count=kept.sign_count, require_user_verification=True,
        ).new_sign_count  # fmt: skip
    except (WebAuthnException, *_NONSENSE) as error:
        raise PasskeyRefused(type(error).__name__) from error


def encoded(plain: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return what base64url without padding stands for."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _descriptors(passkeys: Iterable[Passkey]) -> list[dict[str, object]]:
    return [
        {"type": "public-key", "id": encoded(each.credential_id), "transports": list(each.transports)}
        for each in passkeys
    ]


def _document(credential: str) -> dict[str, object]:
    if len(credential) > _MOST_CREDENTIAL:
        raise PasskeyRefused("too long")
    try:
        document = json.loads(credential)
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused("not JSON") from error
    if not isinstance(document, dict):
        raise PasskeyRefused("not an object")
    return document


def _response(document: dict[str, object]) -> dict[str, object]:
    response = document.get("response")
    if not isinstance(response, dict):
        raise PasskeyRefused("no response")
    return response


def _member(response: dict[str, object], name: str) -> bytes:
    return _text_bytes(response.get(name))


def _text_bytes(value: object) -> bytes:
    try:
        return decoded(value) if isinstance(value, str) and value else b""
    except ValueError as error:
        raise PasskeyRefused("not base64url") from error
