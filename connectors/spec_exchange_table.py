"""`exchange_table:` of a spec: a table both sides write into, row by row."""

from connectors.spec_auth import Part


class ExchangeTableSpec(Part):
    """Which tables and columns there are; the address is the line `<system>.exchange` of the endpoints file."""
