"""What administrators and the counter do with accounts, and the second factors people have, over their stores."""

from config.clock import Clock
from config.settings import Settings
from idp.account_administration import AccountAdministration
from idp.account_import import AccountImport
from idp.audit import Audit
from idp.counter_recovery import CounterRecoveries
from idp.import_jobs import ImportJobs
from idp.invitations import Invitations
from idp.passwords import Passwords
from idp.people import People
from idp.protocol.passkey import site_of
from idp.second_factor import SecondFactors
from idp.storage.counter_recoveries import SqlCounterRecoveryStore, SqlFactorReset
from idp.storage.factor_state import StateChallengeStore, StateEnrolmentStore
from idp.storage.factors import SqlFactorStore, SqlRecoveryCodeStore, SqlTotpStore
from idp.storage.import_jobs import StateImportJobStore
from idp.storage.invitations import SqlInvitationStore
from idp.storage.passkeys import SqlPasskeyStore
from idp.wiring.stores import Stores


def people_over(stores: Stores, settings: Settings, passwords: Passwords, clock: Clock) -> People:
    """Return the use cases behind /admin, /invitation and /recovery."""
    engine, chain, secrets = stores.engine, stores.chain, stores.secrets
    key = secrets.lasting("invitation links")
    invitations = Invitations(
        issuer=settings.issuer,
        store=SqlInvitationStore(engine, stores.announcer, chain),
        passwords=passwords,
        key=key,
    )
    return People(
        directory=stores.directory,
        administration=AccountAdministration(
            accounts=stores.accounts,
            directory=stores.directory,
            factors=SqlFactorReset(engine, chain),
            invitations=invitations,
        ),
        invitations=invitations,
        recoveries=CounterRecoveries(
            store=SqlCounterRecoveryStore(engine, stores.announcer, chain),
            accounts=stores.accounts,
            directory=stores.directory,
            attempts=stores.attempts,
            passwords=passwords,
            code_key=secrets.lasting("counter recovery codes"),
        ),
        imports=ImportJobs(
            imports=AccountImport(directory=stores.directory, invitation_key=key),
            store=StateImportJobStore(stores.state, secrets.seal("uploaded account lists")),
            clock=clock,
        ),
    )


def second_factors_over(stores: Stores, settings: Settings, audit: Audit) -> SecondFactors:
    """Return one-time codes, passkeys and recovery codes."""
    engine, chain, secrets = stores.engine, stores.chain, stores.secrets
    return SecondFactors(
        factors=SqlFactorStore(engine),
        totp=SqlTotpStore(engine, secrets.seal("one-time code keys at rest"), chain),
        passkeys=SqlPasskeyStore(engine, chain),
        recovery_codes=SqlRecoveryCodeStore(engine, chain),
        challenges=StateChallengeStore(stores.state),
        enrolments=StateEnrolmentStore(stores.state, secrets.seal("one-time code keys in enrolment")),
        attempts=stores.attempts,
        accounts=stores.caches.accounts,
        audit=audit,
        site=site_of(settings.issuer),
        code_key=secrets.lasting("recovery codes"),
    )
