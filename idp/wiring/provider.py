"""Which use case stands on what: sign-on, tokens, registration, devices, and what goes with them."""

from dataclasses import dataclass
from secrets import token_urlsafe

from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import Clock
from config.egress import EgressClient, EgressRules
from config.settings import Settings
from config.state import StateStore
from idp import audit_checkpoints
from idp.audit import Audit
from idp.background import Background
from idp.client_keys import FetchingClientKeys
from idp.client_registration import ClientRegistration
from idp.device_grant import DeviceGrant
from idp.dpop import DpopProofs
from idp.endpoints.rendering import Pages
from idp.endpoints.state import IdpState
from idp.endpoints.static import StaticFiles
from idp.logout import BackChannelLogout
from idp.passwords import Passwords
from idp.protocol.dpop_nonce import Nonces
from idp.protocol.grants import Rulebook
from idp.protocol.issuing import Issuer
from idp.protocol.shift import parse_shift_ends
from idp.protocol.subject import Subjects
from idp.sessions import Sessions
from idp.sign_in import SignIn
from idp.storage.client_invitations import SqlClientInvitationStore
from idp.storage.device_requests import StateDeviceRequestStore
from idp.storage.greenlet_bridge import GreenletBridge
from idp.storage.state_records import (
    StateAuthorizationCodeStore,
    StateFarewellStore,
    StateInteractionStore,
    StateParkedRequestStore,
    StatePushedRequestStore,
    StateSessionStore,
)
from idp.tokens import AccessTokens, VerifiedTokens
from idp.wiring.background import background_of
from idp.wiring.people import people_over, second_factors_over
from idp.wiring.stores import Stores, open_stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """The provider put together: for the web app, and for commands that need its stores only."""

    state: IdpState
    stores: Stores
    static: StaticFiles
    background: Background


def wire(
    *, settings: Settings, engine: AsyncEngine, state: StateStore, clock: Clock, egress: EgressClient | None = None
) -> Wired:
    """Put the provider together; nothing connects yet."""
    stores, static = open_stores(settings, engine, state), StaticFiles()
    caches, secrets = stores.caches, stores.secrets
    audit = Audit(stores.audit, refuse_sign_in=settings.audit_unwritable == "refuse")
    outward, passwords = egress or EgressClient(EgressRules.of(settings)), Passwords()
    logout = _logout(stores)
    sessions = _sessions(stores, settings, logout, audit)
    verified, subjects = VerifiedTokens(), Subjects(secrets.lasting("pairwise subjects"))
    issuing = _issuer(stores, settings, sessions, verified, subjects, audit)
    ports = IdpState(
        issuer=settings.issuer,
        base_url=settings.base_url,
        https=settings.issuer.startswith("https://"),
        form_key=secrets.now("form tokens"),
        clock=clock,
        clients=caches.clients,
        client_keys=FetchingClientKeys(outward, clock),
        accounts=caches.accounts,
        keys=stores.cached_keys,
        consents=caches.consents,
        client_store=stores.clients,
        account_store=stores.accounts,
        key_store=stores.keys,
        consent_store=stores.consents,
        audit=audit,
        audit_store=stores.audit,
        audit_checkpoints=settings.var_dir / audit_checkpoints.FILE_NAME,
        refresh_tokens=stores.refresh_tokens,
        interactions=StateInteractionStore(state),
        parked=StateParkedRequestStore(state),
        pushed=StatePushedRequestStore(state),
        require_pushed_requests=settings.require_pushed_authorization_requests,
        attempts=stores.attempts,
        passwords=passwords,
        sessions=sessions,
        logout_queue=stores.logout_queue,
        farewells=StateFarewellStore(state),
        second_factors=second_factors_over(stores, settings, audit),
        people=people_over(stores, settings, passwords, clock),
        sign_in=SignIn(
            accounts=stores.accounts, attempts=stores.attempts, passwords=passwords, audit=audit, clock=clock
        ),
        tokens=_tokens(stores, settings, sessions, verified, subjects),
        issuing=issuing,
        rulebook=Rulebook(issuing, GreenletBridge()),
        registration=ClientRegistration(
            invitations=SqlClientInvitationStore(engine),
            clients=stores.clients,
            accounts=caches.accounts,
            egress=outward,
        ),
        device_grant=_device_grant(stores, issuing, audit),
        dpop=DpopProofs(nonces=Nonces(key=secrets.now("dpop nonces")), used=stores.attempts),
        pages=Pages(issuer=settings.issuer, portal=f"{settings.base_url}/", static=static),
    )
    background = background_of(ports, stores, settings, logout, egress)
    return Wired(state=ports, stores=stores, static=static, background=background)


def _logout(stores: Stores) -> BackChannelLogout:
    return BackChannelLogout(
        queue=stores.logout_queue,
        clients=stores.caches.clients,
        refresh_tokens=stores.refresh_tokens,
        revoked=stores.revoked,
        announce=lambda: stores.announcer.tell("logout", ""),
    )


def _sessions(stores: Stores, settings: Settings, logout: BackChannelLogout, audit: Audit) -> Sessions:
    return Sessions(
        store=StateSessionStore(stores.state),
        accounts=stores.caches.accounts,
        logout=logout,
        audit=audit,
        shift_ends=parse_shift_ends(settings.shift_ends),
    )


def _issuer(
    stores: Stores, settings: Settings, sessions: Sessions, issued: VerifiedTokens, subjects: Subjects, audit: Audit
) -> Issuer:
    return Issuer(
        issuer=settings.issuer,
        api=f"{settings.base_url}/api/v1",
        successor_key=stores.secrets.now("refresh token successors"),
        token_urlsafe=token_urlsafe,
        accounts=stores.caches.accounts,
        keys=stores.cached_keys,
        codes=StateAuthorizationCodeStore(stores.state),
        sessions=sessions,
        refresh_tokens=stores.refresh_tokens,
        revoked=stores.revoked,
        issued=issued,
        audit=audit,
        subject_for=subjects,
    )


def _tokens(
    stores: Stores, settings: Settings, sessions: Sessions, verified: VerifiedTokens, subjects: Subjects
) -> AccessTokens:
    return AccessTokens(
        issuer=settings.issuer,
        keys=stores.cached_keys,
        clients=stores.caches.clients,
        accounts=stores.caches.accounts,
        sessions=sessions,
        grants=stores.caches.grants,
        revoked=stores.revoked,
        verified=verified,
        subject_for=subjects,
    )


def _device_grant(stores: Stores, issuing: Issuer, audit: Audit) -> DeviceGrant:
    return DeviceGrant(
        store=StateDeviceRequestStore(stores.state),
        clients=stores.caches.clients,
        attempts=stores.attempts,
        issuing=issuing,
        audit=audit,
        token_urlsafe=token_urlsafe,
    )
