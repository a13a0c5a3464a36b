"""The broker of the tax system in tests: the real Valkey of the suite, emptied, with the accounts of both sides."""

from pathlib import Path

from redis import Redis

from demo.ground.secrets import make_secrets, read_from
from demo.systems import BROKER_ACCOUNTS
from tests.servers.valkey import Valkey


def open_accounts(valkey: Valkey, secrets: Path) -> str:
    """Empty the broker, let both sides in with the passwords kept in `secrets`, and return its address."""
    valkey.flush()
    make_secrets(secrets)
    secret = read_from(secrets)
    with Redis.from_url(valkey.url) as client:
        for user, name in BROKER_ACCOUNTS.items():
            client.execute_command(
                "ACL", "SETUSER", user, "reset", "on", f">{secret(name).decode()}", "~ssf.*", "&*", "+@all"
            )
    return valkey.url
