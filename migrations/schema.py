"""The tables of every package, side by side; no foreign key crosses from one to another."""

import connectors.storage.alert_tables
import connectors.storage.maintenance_tables
import connectors.storage.notice_tables
import connectors.storage.registry_tables
import connectors.storage.replay_tables
import connectors.storage.trial_tables
import connectors.storage.unread_tables
import connectors.storage.usage_tables  # noqa: F401  these all stand in the metadata of the ledger
from connectors.storage.tables import metadata as connectors_metadata
from idp.storage.tables import metadata as idp_metadata
from matters.storage.tables import metadata as matters_metadata

METADATA = (idp_metadata, matters_metadata, connectors_metadata)
