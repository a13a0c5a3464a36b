"""Which store is which: SQL for what must last, the state store for what may expire, copies for what is read often."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from config.settings import Settings
from config.state import StateStore
from idp.storage.account_directory import SqlAccountDirectory
from idp.storage.accounts import SqlAccountStore
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain, SqlAudit
from idp.storage.caches import CachedKeys, Caches
from idp.storage.clients import SqlClientStore
from idp.storage.consents import SqlConsentStore
from idp.storage.keys import SqlKeyStore
from idp.storage.logout_queue import SqlLogoutQueue
from idp.storage.refresh_tokens import SqlRefreshTokenStore
from idp.storage.sealing import Secrets
from idp.storage.state_records import StateAttempts, StateRevokedGrants


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What several use cases share; a store only one of them needs is made where that is."""

    engine: AsyncEngine
    state: StateStore
    secrets: Secrets = field(repr=False)
    announcer: Announcer
    chain: AuditChain = field(repr=False)
    accounts: SqlAccountStore
    directory: SqlAccountDirectory
    clients: SqlClientStore
    keys: SqlKeyStore
    consents: SqlConsentStore
    refresh_tokens: SqlRefreshTokenStore
    audit: SqlAudit
    logout_queue: SqlLogoutQueue
    attempts: StateAttempts
    revoked: StateRevokedGrants
    caches: Caches
    cached_keys: CachedKeys


def open_stores(settings: Settings, engine: AsyncEngine, state: StateStore) -> Stores:
    """Return the stores; copies in this process are dropped as changes are announced here."""
    secrets, announcer = _secrets(settings), Announcer(state)
    chain = AuditChain(secrets.lasting("audit chain"))
    accounts, clients = SqlAccountStore(engine, announcer, chain), SqlClientStore(engine, announcer, chain)
    keys = SqlKeyStore(engine, announcer, secrets.seal("signing keys at rest"), chain)
    consents, refresh_tokens = SqlConsentStore(engine, announcer), SqlRefreshTokenStore(engine, announcer)
    caches = Caches(
        clients=clients, accounts=accounts, keys=keys, consents=consents, refresh_tokens=refresh_tokens, state=state
    )
    announcer.heard_here = caches.hear
    return Stores(
        engine=engine,
        state=state,
        secrets=secrets,
        announcer=announcer,
        chain=chain,
        accounts=accounts,
        directory=SqlAccountDirectory(engine, chain),
        clients=clients,
        keys=keys,
        consents=consents,
        refresh_tokens=refresh_tokens,
        audit=SqlAudit(engine, chain),
        logout_queue=SqlLogoutQueue(engine),
        attempts=StateAttempts(state),
        revoked=StateRevokedGrants(state),
        caches=caches,
        cached_keys=CachedKeys(caches.rings),
    )


def _secrets(settings: Settings) -> Secrets:
    earlier = filter(None, settings.previous_secret_key.get_secret_value().split(","))
    return Secrets(settings.secret_key.get_secret_value(), tuple(earlier))
