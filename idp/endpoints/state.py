"""What handlers may use, put together once in `idp.wiring`."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from starlette.requests import Request

from config.clock import Clock
from idp.audit import Audit
from idp.client_registration import ClientRegistration
from idp.device_grant import DeviceGrant
from idp.dpop import DpopProofs
from idp.endpoints.rendering import Pages
from idp.passwords import Passwords
from idp.people import People
from idp.protocol.account_ports import Accounts, AccountStore
from idp.protocol.audit_ports import AuditStore
from idp.protocol.client_ports import ClientKeys, Clients, ClientStore, ConsentStore
from idp.protocol.grant_ports import RefreshTokenStore
from idp.protocol.grants import Rulebook
from idp.protocol.issuing import Issuer
from idp.protocol.key_ports import Keys, KeyStore
from idp.protocol.logout_ports import FarewellStore, LogoutQueue
from idp.protocol.session_ports import Attempts, InteractionStore, ParkedRequestStore, PushedRequestStore
from idp.second_factor import SecondFactors
from idp.sessions import Sessions
from idp.sign_in import SignIn
from idp.tokens import AccessTokens


class ConsentCopies(Protocol):
    """Reading consents by `"<sub> <client_id>"`; may be a little old."""

    def get(self, key: str) -> Awaitable[frozenset[str]]:
        """Return the scope agreed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdpState:
    """Ports and use cases of the provider. `clients` and `accounts` are copies, the stores write."""

    issuer: str
    base_url: str
    https: bool
    form_key: bytes = field(repr=False)
    clock: Clock
    clients: Clients
    client_keys: ClientKeys
    accounts: Accounts
    keys: Keys
    consents: ConsentCopies
    client_store: ClientStore
    account_store: AccountStore
    key_store: KeyStore
    consent_store: ConsentStore
    audit: Audit
    audit_store: AuditStore
    audit_checkpoints: Path
    refresh_tokens: RefreshTokenStore
    interactions: InteractionStore
    parked: ParkedRequestStore
    pushed: PushedRequestStore
    require_pushed_requests: bool  # RFC 9126 §5: of every client
    attempts: Attempts
    passwords: Passwords
    sessions: Sessions
    logout_queue: LogoutQueue
    farewells: FarewellStore
    people: People
    sign_in: SignIn
    second_factors: SecondFactors
    tokens: AccessTokens
    issuing: Issuer
    rulebook: Rulebook
    dpop: DpopProofs
    device_grant: DeviceGrant
    registration: ClientRegistration
    pages: Pages


def of(request: Request) -> IdpState:
    """Return the provider's state from the request."""
    return cast(IdpState, request.scope["state"]["idp"])
