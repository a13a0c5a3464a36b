"""Wiring of the provider: which store is which, which address is whose. Imported by `onewindow.py` and tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from secrets import token_urlsafe
from typing import TypedDict
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from config.asgi.fault_barrier import FaultBarrier
from config.clock import Clock
from config.egress import EgressClient, EgressRules
from config.settings import Settings
from config.state import StateStore
from idp import audit_checkpoints
from idp import keys as key_use
from idp.account_administration import AccountAdministration
from idp.account_import import AccountImport
from idp.audit import Audit
from idp.background import Background, EgressPost
from idp.client_keys import FetchingClientKeys
from idp.client_registration import ClientRegistration
from idp.counter_recovery import CounterRecoveries
from idp.device_grant import DeviceGrant
from idp.dpop import DpopProofs
from idp.endpoints import authorize, device, interaction, register, second_factor
from idp.endpoints.account.routes import account_routes
from idp.endpoints.admin.imports import LARGEST_BODY
from idp.endpoints.admin.imports import PATH as IMPORT_PATH
from idp.endpoints.admin.routes import admin_routes
from idp.endpoints.answers import not_audited, oauth_error, stopped
from idp.endpoints.device_authorization import device_authorization
from idp.endpoints.discovery import Discovery, jwks
from idp.endpoints.end_session import PATHS, Leaving
from idp.endpoints.introspect import introspect
from idp.endpoints.par import par
from idp.endpoints.rendering import Pages
from idp.endpoints.revoke import revoke
from idp.endpoints.session_page import session
from idp.endpoints.signed_out import signed_out
from idp.endpoints.state import IdpState
from idp.endpoints.static import StaticFiles
from idp.endpoints.straight import Straight
from idp.endpoints.token import token
from idp.endpoints.userinfo import userinfo
from idp.housekeeping import KEPT, Broom, Housekeeping
from idp.import_jobs import ImportJobs
from idp.invitations import Invitations
from idp.logout import BackChannelLogout
from idp.logout_sender import LogoutSender
from idp.passwords import Passwords
from idp.people import People
from idp.protocol.audit import AuditUnavailable
from idp.protocol.dpop_nonce import Nonces
from idp.protocol.errors import NotRedirectable, OAuthError
from idp.protocol.grants import Rulebook
from idp.protocol.issuing import Issuer
from idp.protocol.passkey import site_of
from idp.protocol.shift import parse_shift_ends
from idp.protocol.subject import Subjects
from idp.second_factor import SecondFactors
from idp.session_watch import SessionWatch
from idp.sessions import Sessions
from idp.sign_in import SignIn
from idp.storage.account_directory import SqlAccountDirectory
from idp.storage.accounts import SqlAccountStore
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain, SqlAudit
from idp.storage.caches import CachedKeys, Caches
from idp.storage.client_invitations import SqlClientInvitationStore
from idp.storage.clients import SqlClientStore
from idp.storage.consents import SqlConsentStore
from idp.storage.counter_recoveries import SqlCounterRecoveryStore, SqlFactorReset
from idp.storage.device_requests import StateDeviceRequestStore
from idp.storage.factor_state import StateChallengeStore, StateEnrolmentStore
from idp.storage.factors import SqlFactorStore, SqlRecoveryCodeStore, SqlTotpStore
from idp.storage.greenlet_bridge import GreenletBridge
from idp.storage.import_jobs import StateImportJobStore
from idp.storage.invitations import SqlInvitationStore
from idp.storage.keys import SqlKeyStore
from idp.storage.logout_queue import SqlLogoutQueue
from idp.storage.passkeys import SqlPasskeyStore
from idp.storage.refresh_tokens import SqlRefreshTokenStore
from idp.storage.sealing import Secrets
from idp.storage.state_records import (
    StateAttempts,
    StateAuthorizationCodeStore,
    StateFarewellStore,
    StateInteractionStore,
    StateParkedRequestStore,
    StatePushedRequestStore,
    StateRevokedGrants,
    StateSessionStore,
)
from idp.storage.sweeping import SqlExpiredGrants, StateLease
from idp.tokens import AccessTokens, VerifiedTokens


class Lifespan(TypedDict):
    """What the lifespan yields to handlers."""

    idp: IdpState


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """The provider put together: for the web app, and for commands that need its stores only."""

    state: IdpState
    caches: Caches
    static: StaticFiles
    background: Background


def wire(
    *, settings: Settings, engine: AsyncEngine, state: StateStore, clock: Clock, egress: EgressClient | None = None
) -> Wired:
    """Put the provider together; nothing connects yet."""
    secrets, issuer = _secrets(settings), settings.issuer
    announcer, static = Announcer(state), StaticFiles()
    chain = AuditChain(secrets.lasting("audit chain"))
    accounts, clients = SqlAccountStore(engine, announcer, chain), SqlClientStore(engine, announcer, chain)
    keys = SqlKeyStore(engine, announcer, secrets.seal("signing keys at rest"), chain)
    consents, refresh_tokens = SqlConsentStore(engine, announcer), SqlRefreshTokenStore(engine, announcer)
    audit_store = SqlAudit(engine, chain)
    audit = Audit(audit_store, refuse_sign_in=settings.audit_unwritable == "refuse")
    caches = Caches(
        clients=clients, accounts=accounts, keys=keys, consents=consents, refresh_tokens=refresh_tokens, state=state
    )
    announcer.heard_here = caches.hear
    outward = egress or EgressClient(EgressRules.of(settings))
    cached_keys, revoked, passwords = CachedKeys(caches.rings), StateRevokedGrants(state), Passwords()
    logout_queue, attempts = SqlLogoutQueue(engine), StateAttempts(state)
    logout = BackChannelLogout(
        queue=logout_queue,
        clients=caches.clients,
        refresh_tokens=refresh_tokens,
        revoked=revoked,
        announce=lambda: announcer.tell("logout", ""),
    )
    sessions = Sessions(
        store=StateSessionStore(state),
        accounts=caches.accounts,
        logout=logout,
        audit=audit,
        shift_ends=parse_shift_ends(settings.shift_ends),
    )
    people = _people(settings, engine, state, announcer, chain, accounts, attempts, passwords, clock)
    verified, subjects = VerifiedTokens(), Subjects(secrets.lasting("pairwise subjects"))
    issuing = Issuer(
        issuer=issuer,
        api=f"{settings.base_url}/api/v1",
        successor_key=secrets.now("refresh token successors"),
        token_urlsafe=token_urlsafe,
        accounts=caches.accounts,
        keys=cached_keys,
        codes=StateAuthorizationCodeStore(state),
        sessions=sessions,
        refresh_tokens=refresh_tokens,
        revoked=revoked,
        issued=verified,
        audit=audit,
        subject_for=subjects,
    )
    tokens = AccessTokens(
        issuer=issuer,
        keys=cached_keys,
        clients=caches.clients,
        accounts=caches.accounts,
        sessions=sessions,
        grants=caches.grants,
        revoked=revoked,
        verified=verified,
        subject_for=subjects,
    )
    ports = IdpState(
        issuer=issuer,
        base_url=settings.base_url,
        https=issuer.startswith("https://"),
        form_key=secrets.now("form tokens"),
        clock=clock,
        clients=caches.clients,
        client_keys=FetchingClientKeys(outward, clock),
        accounts=caches.accounts,
        keys=cached_keys,
        consents=caches.consents,
        client_store=clients,
        account_store=accounts,
        key_store=keys,
        consent_store=consents,
        audit=audit,
        audit_store=audit_store,
        audit_checkpoints=settings.var_dir / audit_checkpoints.FILE_NAME,
        refresh_tokens=refresh_tokens,
        interactions=StateInteractionStore(state),
        parked=StateParkedRequestStore(state),
        pushed=StatePushedRequestStore(state),
        require_pushed_requests=settings.require_pushed_authorization_requests,
        attempts=attempts,
        passwords=passwords,
        sessions=sessions,
        logout_queue=logout_queue,
        farewells=StateFarewellStore(state),
        second_factors=SecondFactors(
            factors=SqlFactorStore(engine),
            totp=SqlTotpStore(engine, secrets.seal("one-time code keys at rest"), chain),
            passkeys=SqlPasskeyStore(engine, chain),
            recovery_codes=SqlRecoveryCodeStore(engine, chain),
            challenges=StateChallengeStore(state),
            enrolments=StateEnrolmentStore(state, secrets.seal("one-time code keys in enrolment")),
            attempts=attempts,
            accounts=caches.accounts,
            audit=audit,
            site=site_of(issuer),
            code_key=secrets.lasting("recovery codes"),
        ),
        people=people,
        sign_in=SignIn(accounts=accounts, attempts=attempts, passwords=passwords, audit=audit, clock=clock),
        tokens=tokens,
        issuing=issuing,
        rulebook=Rulebook(issuing, caches.clients, GreenletBridge()),
        registration=ClientRegistration(
            invitations=SqlClientInvitationStore(engine), clients=clients, accounts=caches.accounts, egress=outward
        ),
        device_grant=DeviceGrant(
            store=StateDeviceRequestStore(state),
            clients=caches.clients,
            attempts=attempts,
            issuing=issuing,
            audit=audit,
            token_urlsafe=token_urlsafe,
        ),
        dpop=DpopProofs(nonces=Nonces(key=secrets.now("dpop nonces")), used=attempts),
        pages=Pages(issuer=issuer, portal=f"{settings.base_url}/", static=static),
    )
    sender = LogoutSender(
        issuer=issuer,
        queue=logout_queue,
        clients=caches.clients,
        keys=cached_keys,
        post=_post(settings, egress),
        subject_for=subjects,
        clock=clock,
        written=logout.written,
    )
    watch = SessionWatch(sessions=sessions, accounts=caches.accounts, changes=accounts, clock=clock)
    housekeeping = _housekeeping(ports, engine, state)
    background = Background(sender=sender, watch=watch, others=(housekeeping.run,))
    caches.also_heard = background.hear
    return Wired(state=ports, caches=caches, static=static, background=background)


def _people(
    settings: Settings,
    engine: AsyncEngine,
    state: StateStore,
    announcer: Announcer,
    chain: AuditChain,
    accounts: SqlAccountStore,
    attempts: StateAttempts,
    passwords: Passwords,
    clock: Clock,
) -> People:
    secrets = _secrets(settings)
    directory, key = SqlAccountDirectory(engine, chain), secrets.lasting("invitation links")
    store = SqlInvitationStore(engine, announcer, chain)
    invitations = Invitations(issuer=settings.issuer, store=store, passwords=passwords, key=key)
    return People(
        directory=directory,
        administration=AccountAdministration(
            accounts=accounts, directory=directory, factors=SqlFactorReset(engine, chain), invitations=invitations
        ),
        invitations=invitations,
        recoveries=CounterRecoveries(
            store=SqlCounterRecoveryStore(engine, announcer, chain),
            accounts=accounts,
            directory=directory,
            attempts=attempts,
            passwords=passwords,
            code_key=secrets.lasting("counter recovery codes"),
        ),
        imports=ImportJobs(
            imports=AccountImport(directory=directory, invitation_key=key),
            store=StateImportJobStore(state, secrets.seal("uploaded account lists")),
            clock=clock,
        ),
    )


def _housekeeping(ports: IdpState, engine: AsyncEngine, state: StateStore) -> Housekeeping:
    expired, people = SqlExpiredGrants(engine), ports.people
    return Housekeeping(
        brooms=(
            Broom(name="refresh_tokens", sweep=expired.forget_tokens),
            Broom(name="grants", sweep=expired.forget_grants, after=timedelta(days=1)),
            Broom(name="invitations", sweep=people.invitations.store.forget_old, after=KEPT),
            Broom(name="client_invitations", sweep=ports.registration.invitations.forget_old, after=KEPT),
            Broom(name="counter_recoveries", sweep=people.recoveries.store.forget_old, after=KEPT),
        ),
        audit=ports.audit_store,
        checkpoints=ports.audit_checkpoints,
        lease=StateLease(state, "idp-housekeeping"),
        clock=ports.clock,
    )


def _secrets(settings: Settings) -> Secrets:
    earlier = filter(None, settings.previous_secret_key.get_secret_value().split(","))
    return Secrets(settings.secret_key.get_secret_value(), tuple(earlier))


def _post(settings: Settings, egress: EgressClient | None) -> EgressPost:
    parts = urlsplit(settings.base_url)
    # The portal is ours wherever it stands; everything else is an address somebody gave us.
    anywhere = EgressRules(allowed=tuple(map(ip_network, ("127.0.0.0/8", "::1/128", "0.0.0.0/0", "::/0"))))
    return EgressPost(
        egress=egress or EgressClient(EgressRules.of(settings)),
        own=egress or EgressClient(anywhere),
        own_origin=f"{parts.scheme}://{parts.netloc}",
    )


def create_app(
    *,
    settings: Settings,
    engine: AsyncEngine,
    state: StateStore,
    clock: Clock,
    egress: EgressClient | None = None,
    background: bool = True,
) -> Starlette:
    """Return the provider's app, to be mounted at the issuer's path with its lifespan entered.

    `egress` stands in for the network in tests, which may also leave the background out and run it by hand.
    """
    wired = wire(settings=settings, engine=engine, state=state, clock=clock, egress=egress)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Lifespan]:
        await key_use.ensure(wired.state.key_store, at=clock())
        following = asyncio.create_task(wired.caches.follow(), name="idp-caches")
        try:
            async with wired.background.running() if background else nullcontext():
                yield {"idp": wired.state}
        finally:
            await wired.state.people.imports.aclose()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    app = Straight(
        routes=_routes(wired, settings),
        middleware=[Middleware(FaultBarrier)],
        lifespan=lifespan,
        exception_handlers={OAuthError: oauth_error, NotRedirectable: stopped, AuditUnavailable: not_audited},
    )
    app.state.background = wired.background  # tests run it by hand
    return app


def open_paths(settings: Settings) -> frozenset[str]:
    """Return the full paths other sites' forms may post to, for the shell's origin check."""
    path = urlsplit(settings.issuer).path
    return frozenset({f"{path}/authorize", *(f"{path}{way}" for way in PATHS.values())})


def larger_bodies(settings: Settings) -> dict[str, int]:
    """Return the full paths that take larger bodies than pages do, for the shell's limit."""
    return {f"{urlsplit(settings.issuer).path}{IMPORT_PATH}": LARGEST_BODY}


def root_routes(settings: Settings) -> list[Route]:
    """Return the routes that stand outside the issuer's path: RFC 8414 §3.1 puts the well-known before it."""
    path = urlsplit(settings.issuer).path
    return [Route(f"/.well-known/oauth-authorization-server{path}", _discovery(settings).endpoint)] if path else []


def second_factor_routes(step: str) -> list[Route]:
    """Return the steps of an interaction that prove more than a password."""
    return [
        route
        for name, handler in (
            ("second-factor", second_factor.second_factor),
            ("passkey", second_factor.passkey),
            ("set-up", second_factor.set_up),
        )
        for route in (
            Route(f"{step}/{name}", handler, methods=["POST"]),
            Route(f"{step}/{name}", interaction.back),
        )
    ]


def _discovery(settings: Settings) -> Discovery:
    return Discovery(settings.issuer, require_pushed_requests=settings.require_pushed_authorization_requests)


def _routes(wired: Wired, settings: Settings) -> list[Route]:
    discovery = _discovery(settings)
    step = "/interaction/{interaction_id}"
    return [  # the three of every sign-on first: routes are tried in order
        Route("/authorize", authorize.authorize, methods=["GET"]),
        Route("/token", token, methods=["POST"]),
        Route("/userinfo", userinfo, methods=["GET", "POST"]),
        Route("/authorize", authorize.authorize_post, methods=["POST"]),
        Route("/authorize/{parked}", authorize.authorize_parked),
        Route("/par", par, methods=["POST"]),
        Route(step, interaction.interaction),
        Route(f"{step}/sign-in", interaction.sign_in, methods=["POST"]),
        Route(f"{step}/sign-in", interaction.back),
        *second_factor_routes(step),
        Route(f"{step}/account", interaction.account, methods=["POST"]),
        Route(f"{step}/account", interaction.back),
        Route(f"{step}/consent", interaction.consent, methods=["POST"]),
        Route(f"{step}/consent", interaction.back),
        Route("/.well-known/openid-configuration", discovery.endpoint),
        Route("/.well-known/oauth-authorization-server", discovery.endpoint),
        Route("/jwks", jwks),
        Route("/revoke", revoke, methods=["POST"]),
        Route("/introspect", introspect, methods=["POST"]),
        *(route for way in PATHS for route in Leaving(way).routes()),
        Route("/signed_out/{farewell}", signed_out),
        Route("/session", session),
        Route("/register", register.register, methods=["POST"]),
        Route("/register/{client_id}", register.read, methods=["GET"]),
        Route("/register/{client_id}", register.update, methods=["PUT"]),
        Route("/register/{client_id}", register.remove, methods=["DELETE"]),
        Route("/device_authorization", device_authorization, methods=["POST"]),
        Route("/device", device.device, methods=["GET"]),
        Route("/device", device.device_code, methods=["POST"]),
        Route("/device/decision", device.device_decision, methods=["POST"]),
        Route("/device/decision", device.device),
        *account_routes(),
        *admin_routes(),
        Route("/static/{name}", wired.static.endpoint),
    ]
