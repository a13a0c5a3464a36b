"""Real servers for tests: PostgreSQL, Redis and OneWindow itself, started from installed binaries.

Each is a child that cannot outlive the process that started it (`child.py`), keeps its files in a
directory of its own below the system's temporary directory, and listens on a Unix socket or on a
loopback port nobody else has.
"""
