"""Clients as operators handle them: register, replace the secret, stop. Plain functions over the store."""

import re
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from secrets import token_urlsafe
from typing import Final

from config.public_jwk import JwksRefused, public_keys
from idp.accounts import ROLES
from idp.protocol import acr, fapi2, front_channel_logout, subject
from idp.protocol.account_ports import Accounts
from idp.protocol.audit import COMMAND_LINE, AuditEvent, AuditKind
from idp.protocol.client import Client, hash_secret
from idp.protocol.client_ports import ClientStore
from idp.protocol.client_signature import ALGS as CLIENT_ALGS
from idp.protocol.device_grant import GRANT_TYPE as DEVICE_GRANT
from idp.protocol.redirect_uri import RedirectUriRefused, check_registration
from idp.protocol.resource_indicators import is_resource
from idp.protocol.scope import SCOPES_SUPPORTED

_GRANT_TYPES: Final = frozenset({"authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT})
_CLIENT_ID = re.compile(r"\A[A-Za-z0-9._~-]{3,128}\Z")


class ClientRefused(ValueError):
    """The registration does not hold; the message names the metadata field (RFC 7591 §3.2.2)."""


async def register(
    clients: ClientStore, accounts: Accounts, client: Client, *, at: datetime, by: str = COMMAND_LINE
) -> str:
    """Register a client and return its secret, which is shown this once; "" when its method has none.

    Raises:
        ClientRefused: a field does not hold, or the client_id is taken.
    """
    if await clients.get(client.client_id) is not None:
        raise ClientRefused(f"client_id: {client.client_id!r} exists; use put or new_secret")
    secret = token_urlsafe(32) if has_secret(client) else ""
    await put(clients, accounts, client, client_secret=secret, at=at, by=by)
    return secret


async def put(
    clients: ClientStore,
    accounts: Accounts,
    client: Client,
    *,
    client_secret: str,
    at: datetime,
    by: str = COMMAND_LINE,
) -> Client:
    """Make the client with this id be so, with a given secret, whether it exists or not.

    Raises:
        ClientRefused: a field does not hold.
    """
    check(client)
    if has_secret(client) and len(client_secret) < 32:
        raise ClientRefused("client_secret: needs at least 32 random characters")
    kept = replace(client, client_secret_hash=hash_secret(client_secret) if has_secret(client) else "")
    await keep(clients, accounts, kept, at=at, by=by)
    return kept


async def new_secret(clients: ClientStore, client_id: str, *, at: datetime, by: str = COMMAND_LINE) -> str:
    """Replace a client's secret and return the new one, shown this once."""
    client = await clients.get(client_id)
    if client is None or not has_secret(client):
        raise ClientRefused(f"client_id: {client_id!r} is unknown or has no secret")
    secret = token_urlsafe(32)
    replaced = AuditEvent(kind=AuditKind.SECRET_REPLACED, client_id=client_id, by=by, at=at)
    await clients.save(replace(client, client_secret_hash=hash_secret(secret)), at=at, audited=(replaced,))
    return secret


async def disable(clients: ClientStore, client_id: str, *, at: datetime, by: str = COMMAND_LINE) -> None:
    """Stop a client: no request of it is answered and its tokens are dead."""
    client = await clients.get(client_id)
    if client is None:
        raise ClientRefused(f"client_id: there is no {client_id!r}")
    stopped = replace(client, disabled=True)
    await clients.save(stopped, at=at, audited=(event(client, stopped, at=at, by=by),))


def event(before: Client | None, after: Client, *, at: datetime, by: str) -> AuditEvent:
    """Return what a change of a client is called: which fields are others now, never what stands in them."""
    if before is None:
        weaker = {"reason": "pkce_certification"} if after.pkce == "certification" else {}
        return AuditEvent(kind=AuditKind.CLIENT_REGISTERED, client_id=after.client_id, by=by, detail=weaker, at=at)
    names = [field.name for field in fields(Client) if getattr(before, field.name) != getattr(after, field.name)]
    if names == ["client_secret_hash"]:
        return AuditEvent(kind=AuditKind.SECRET_REPLACED, client_id=after.client_id, by=by, at=at)
    return AuditEvent(
        kind=AuditKind.CLIENT_CHANGED, client_id=after.client_id, by=by, detail={"fields": names}, at=at
    )  # fmt: skip


def check_policy(*, scope: Iterable[str], grant_types: Iterable[str], allowed_roles: Iterable[str]) -> None:
    """Check the words of a policy or a registration.

    Raises:
        ClientRefused: names the field.
    """
    for name, given, known in (
        ("grant_types", grant_types, _GRANT_TYPES),
        ("scope", scope, frozenset(SCOPES_SUPPORTED)),
        ("allowed_roles", allowed_roles, ROLES),
    ):
        if unknown := set(given) - known:
            raise ClientRefused(f"{name}: unknown {sorted(unknown)}")


def check(client: Client) -> None:
    """Check the metadata of a registration (RFC 7591 §2, OpenID Connect Registration §2).

    Raises:
        ClientRefused: names the field.
    """
    if not _CLIENT_ID.match(client.client_id):
        raise ClientRefused("client_id: 3 to 128 of A-Z a-z 0-9 . _ ~ -")
    check_policy(scope=client.scope, grant_types=client.grant_types, allowed_roles=client.allowed_roles)
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        raise ClientRefused("redirect_uris: the authorization code grant needs one")
    if client.public and "client_credentials" in client.grant_types:
        raise ClientRefused("grant_types: client_credentials is for confidential clients (RFC 6749 §4.4)")
    if client.public and client.pkce != "required":
        raise ClientRefused("pkce: a public client always uses PKCE (RFC 9700 §2.1.1)")
    if client.required_acr not in ("", *acr.SUPPORTED):
        raise ClientRefused(f"required_acr: one of {', '.join(acr.SUPPORTED)}")
    _check_keys(client)
    _check_shown_addresses(client)
    if client.request_object_signing_alg not in ("", *CLIENT_ALGS):
        raise ClientRefused(f"request_object_signing_alg: one of {', '.join(CLIENT_ALGS)} (RFC 9101 §10.5)")
    if not all(map(is_resource, client.resources)):
        raise ClientRefused("resources: absolute URIs without fragment (RFC 8707 §2)")
    try:
        if client.profile == "fapi2":
            fapi2.check_registration(client)
        subject.check_registration(client)
    except (fapi2.ProfileRefused, subject.SubjectRefused) as error:
        raise ClientRefused(str(error)) from error
    try:
        for uri in (*client.redirect_uris, *client.post_logout_redirect_uris):
            check_registration(uri, client.application_type)
    except RedirectUriRefused as error:
        raise ClientRefused(f"redirect_uris: {error}") from error
    _check_logout(client)


def _check_logout(client: Client) -> None:
    # Back-Channel Logout §2.2, Front-Channel Logout §2: absolute, no fragment; what holds for redirect_uris of the web.
    for name in ("backchannel_logout_uri", "frontchannel_logout_uri"):
        try:
            if uri := getattr(client, name):
                check_registration(uri, "web")
        except RedirectUriRefused as error:
            raise ClientRefused(f"{name}: {error}") from error
    try:
        front_channel_logout.check_registration(client)
    except front_channel_logout.FrontChannelRefused as error:
        raise ClientRefused(str(error)) from error


def _check_shown_addresses(client: Client) -> None:
    """What people may click on is https; none of it is ever fetched (OpenID Connect Registration §2)."""
    for name in ("client_uri", "logo_uri", "policy_uri", "tos_uri", "sector_identifier_uri"):
        try:
            if uri := getattr(client, name):
                check_registration(uri, "web")
        except RedirectUriRefused as error:
            raise ClientRefused(f"{name}: {error}") from error


def _check_keys(client: Client) -> None:
    if client.jwks and client.jwks_uri:
        raise ClientRefused("jwks: by value or by jwks_uri, not both (RFC 7591 §2)")
    wants_keys = client.token_endpoint_auth_method == "private_key_jwt"  # noqa: S105 - a method's name
    if wants_keys and not client.jwks and not client.jwks_uri:
        raise ClientRefused("jwks: private_key_jwt needs the client's public keys, or a jwks_uri")
    try:
        usable = public_keys({"keys": list(client.jwks)})
    except JwksRefused as error:
        raise ClientRefused(f"jwks: {error}") from error
    if len(usable) != len(client.jwks):
        raise ClientRefused("jwks: EC keys on P-256 or RSA keys from 2048 bits, for signatures")
    try:
        if client.jwks_uri:
            check_registration(client.jwks_uri, "web")
    except RedirectUriRefused as error:
        raise ClientRefused(f"jwks_uri: {error}") from error


async def keep(clients: ClientStore, accounts: Accounts, client: Client, *, at: datetime, by: str) -> None:
    """Save a client that was checked, with the hashes it carries.

    Raises:
        ClientRefused: its id is a person's sub (RFC 9700 §4.15).
    """
    if await accounts.get(client.client_id) is not None:
        raise ClientRefused(f"client_id: {client.client_id!r} is a person's sub")
    before = await clients.get(client.client_id)
    if before != client:
        await clients.save(client, at=at, audited=(event(before, client, at=at, by=by),))


def has_secret(client: Client) -> bool:
    """Tell whether the client authenticates with a secret."""
    return client.token_endpoint_auth_method in ("client_secret_basic", "client_secret_post")
