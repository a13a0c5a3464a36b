"""What administrators and the counter do with accounts, in one hand."""

from dataclasses import dataclass

from idp.account_administration import AccountAdministration
from idp.counter_recovery import CounterRecoveries
from idp.import_jobs import ImportJobs
from idp.invitations import Invitations
from idp.protocol.account_ports import AccountDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The use cases behind /admin, /invitation and /recovery."""

    directory: AccountDirectory
    administration: AccountAdministration
    invitations: Invitations
    recoveries: CounterRecoveries
    imports: ImportJobs
