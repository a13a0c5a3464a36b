"""Where the trade is kept: tables on SQL (SQLite and PostgreSQL alike), files on object storage.

Imported by wiring, and by `connectors.storage` for the one commit of a case with its deliveries.
"""
