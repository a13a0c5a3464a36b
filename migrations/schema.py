"""The tables of every package, side by side; no foreign key crosses from one to another."""

import connectors.storage.alert_tables
import connectors.storage.maintenance_tables  # they stand in the metadata of the ledger
import connectors.storage.registry_tables
import connectors.storage.replay_tables  # noqa: F401  so do these
from connectors.storage.tables import metadata as connectors_metadata
from idp.storage.tables import metadata as idp_metadata
from matters.storage.tables import metadata as matters_metadata

METADATA = (idp_metadata, matters_metadata, connectors_metadata)
