"""`file_batch:` of a spec: files of many cases, put down and fetched over SFTP."""

from connectors.spec_auth import Part


class FileBatchSpec(Part):
    """How files look and are named; the address is the line `<system>.files` of the endpoints file."""
