"""Clients that register themselves: invited, held against a policy, managed by their own token (RFC 7591, RFC 7592)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, Final

from config.egress import EgressClient, EgressError
from config.logs import get
from idp import clients
from idp.clients import ClientRefused
from idp.protocol import client_metadata
from idp.protocol.account_ports import Accounts
from idp.protocol.audit import AuditEvent, AuditKind
from idp.protocol.client import Client, Profile, hash_secret, is_registration_token
from idp.protocol.client_invitation import ClientInvitation, check_allowed
from idp.protocol.client_ports import ClientInvitationStore, ClientStore
from idp.protocol.errors import InvalidClientMetadata, InvalidRedirectUri, InvalidToken, OAuthError

_log = get("onewindow.idp")
_PLACE = re.compile(r"\A(?:\*\.)?(?:[a-z0-9-]+\.)*[a-z0-9-]+\Z")
_REFUSED: Final = "The registration access token does not hold."
BY = "registration"  # in the audit: the client itself, under an operator's invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A client with what is shown this once: its secret ("" without one) and the token it manages itself with."""

    client: Client
    client_secret: str = field(repr=False)
    registration_access_token: str = field(repr=False)


async def invite(
    invitations: ClientInvitationStore,
    *,
    name: str,
    scope: tuple[str, ...],
    grant_types: tuple[str, ...],
    redirect_hosts: tuple[str, ...],
    profile: Profile,
    allowed_roles: tuple[str, ...],
    uses: int,
    lifetime: timedelta,
    at: datetime,
) -> str:
    """Keep an invitation and return its initial access token, shown this once.

    Raises:
        ClientRefused: the policy names what there is not.
    """
    clients.check_policy(scope=scope, grant_types=grant_types, allowed_roles=allowed_roles)
    if not redirect_hosts or not all(map(_PLACE.match, redirect_hosts)):
        raise ClientRefused("redirect_hosts: host names in lower case, *.example.gov.cn for all below one")
    token = token_urlsafe(32)
    await invitations.add(
        ClientInvitation(
            invitation_id=token_urlsafe(12),
            token_hash=hash_secret(token),
            name=name,
            scope=scope,
            grant_types=grant_types,
            redirect_hosts=redirect_hosts,
            profile=profile,
            allowed_roles=allowed_roles,
            uses=uses,
            expires_at=at + lifetime,
            created_at=at,
        )
    )
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistration:
    """The use case behind `/register`."""

    invitations: ClientInvitationStore
    clients: ClientStore
    accounts: Accounts
    egress: EgressClient

    async def register(self, token: str, document: object, *, at: datetime) -> Registered:
        """Register the client a document describes; everything is checked before a use of the token is spent.

        Raises:
            InvalidToken: the initial access token is unknown, spent or expired.
            InvalidClientMetadata, InvalidRedirectUri: RFC 7591 §3.2.2.
        """
        invitation = await self.invitations.by_token(hash_secret(token))
        if invitation is None or not invitation.holds(at=at):
            raise InvalidToken("The initial access token does not hold.")
        client = await self._checked(document, invitation, client_id=token_urlsafe(16))
        if not await self.invitations.use(invitation.invitation_id, at=at):
            raise InvalidToken("The initial access token does not hold.", detail="spent by a twin")
        issued = replace(client, client_id_issued_at=int(at.timestamp()))
        registered = _with_secrets(issued, _secret_for(client))
        try:
            await clients.keep(self.clients, self.accounts, registered.client, at=at, by=BY)
        except ClientRefused as refused:
            raise _in_wire_words(refused) from None
        return registered

    async def find(self, client_id: str, token: str) -> Client:
        """Return the client that manages itself with this token.

        Raises:
            InvalidToken: unknown, removed, or another token; one answer for all (RFC 7592 §2).
        """
        client = await self.clients.get(client_id)
        if client is None or client.disabled or not is_registration_token(client, token):
            raise InvalidToken(_REFUSED)
        return client

    async def update(self, client: Client, document: object, *, at: datetime) -> Registered:
        """Replace all of a client's metadata; its management token is a new one afterwards (RFC 7592 §2.2).

        Raises:
            InvalidClientMetadata, InvalidRedirectUri: it names another client_id or secret, or as at registration.
            InvalidToken: another request with the same token was first.
        """
        _check_identity(document, client)
        invitation = await self.invitations.get(client.invitation_id)
        if invitation is None:
            raise InvalidClientMetadata("The policy this client was registered under is gone.")
        changed = await self._checked(document, invitation, client_id=client.client_id)
        changed = replace(changed, client_id_issued_at=client.client_id_issued_at)
        keeps = bool(client.client_secret_hash) and bool(_secret_for(changed))
        if keeps:
            changed = replace(changed, client_secret_hash=client.client_secret_hash)
        registered = _with_secrets(changed, "" if keeps else _secret_for(changed))
        await self._replace(client, registered.client, clients.event(client, registered.client, at=at, by=BY))
        return registered

    async def remove(self, client: Client, *, at: datetime) -> None:
        """Stop the client for good; its tokens are dead and its name is never given again (RFC 7592 §2.3).

        Raises:
            InvalidToken: another request with the same token was first.
        """
        gone = replace(client, disabled=True, registration_access_token_hash="")
        event = AuditEvent(kind=AuditKind.CLIENT_REMOVED, client_id=client.client_id, by=BY, at=at)
        await self._replace(client, gone, event)

    async def _replace(self, before: Client, after: Client, event: AuditEvent) -> None:
        token_hash = before.registration_access_token_hash
        if not await self.clients.save_by_token(after, token_hash=token_hash, at=event.at, audited=(event,)):
            raise InvalidToken(_REFUSED, detail="spent by a twin")

    async def _checked(self, document: object, invitation: ClientInvitation, *, client_id: str) -> Client:
        client = client_metadata.read(document, scope=invitation.scope, **_decided(invitation, client_id))
        try:
            clients.check(client)
        except ClientRefused as refused:
            raise _in_wire_words(refused) from None
        check_allowed(client, invitation)
        await self._check_sector(client)
        return client

    async def _check_sector(self, client: Client) -> None:
        """The sector's file must name every redirect_uri (OpenID Connect Registration §5)."""
        if not client.sector_identifier_uri:
            return
        listed: object = None
        try:
            answer = await self.egress.get(client.sector_identifier_uri)
            listed = json.loads(answer.body) if answer.status == 200 else None
        except (EgressError, ValueError, RecursionError) as error:
            _log.warning("sector_identifier_not_fetched", reason=getattr(error, "detail", type(error).__name__))
        if not isinstance(listed, list) or not all(uri in listed for uri in client.redirect_uris):
            # One text whether it could not be fetched or does not list them: what stands there stays untold.
            raise InvalidClientMetadata("sector_identifier_uri: it must list every redirect_uri")


def _with_secrets(client: Client, client_secret: str) -> Registered:
    token = token_urlsafe(32)
    hashed = hash_secret(client_secret) if client_secret else client.client_secret_hash
    kept = replace(client, client_secret_hash=hashed, registration_access_token_hash=hash_secret(token))
    return Registered(client=kept, client_secret=client_secret, registration_access_token=token)


def _decided(invitation: ClientInvitation, client_id: str) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "profile": invitation.profile,
        "allowed_roles": frozenset(invitation.allowed_roles),
        "invitation_id": invitation.invitation_id,
    }


def _check_identity(document: object, client: Client) -> None:
    """RFC 7592 §2.2: client_id is there and the same; a client_secret, where sent, is the one issued."""
    if not isinstance(document, Mapping) or document.get("client_id") != client.client_id:
        raise InvalidClientMetadata("client_id: must be that of this client")
    secret = document.get("client_secret")
    if secret is not None and (not isinstance(secret, str) or hash_secret(secret) != client.client_secret_hash):
        raise InvalidClientMetadata("client_secret: must be the one that was issued")


def _secret_for(client: Client) -> str:
    return token_urlsafe(32) if clients.has_secret(client) else ""


def _in_wire_words(refused: ClientRefused) -> OAuthError:
    message = str(refused)
    about_redirect = message.startswith(("redirect_uris", "post_logout_redirect_uris"))
    return InvalidRedirectUri(message) if about_redirect else InvalidClientMetadata(message)
