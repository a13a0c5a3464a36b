"""How a command of the provider runs: settings, engine and stores opened, refusals told in a sentence."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import typer

from config.clock import utc_now
from config.entry import ground_of_command, read_settings, run
from idp.accounts import AccountRefused
from idp.app import wire
from idp.clients import ClientRefused
from idp.endpoints.state import IdpState
from idp.keys import KeyRefused
from idp.passwords import PasswordRefused
from idp.protocol.account_ports import UsernameTaken
from idp.protocol.audit import AuditUnavailable

T = TypeVar("T")
DRAWN_IDS: Final = {"ignore_unknown_options": True}
"""Of a command that is given an id or a thumbprint: one of 64 begins with a hyphen and is no option for that."""


def one_of(value: str, values: tuple[T, ...], option: str) -> T:
    """Return the value of an option when it is one of these."""
    for known in values:
        if known == value:
            return known
    raise typer.BadParameter(f"{option} is one of {', '.join(map(str, values))}")


def read_jwks(path: Path) -> tuple[dict[str, str], ...]:
    """Return the keys of a JWK Set in a file (RFC 7517 §5)."""
    try:
        keys = json.loads(path.read_bytes())["keys"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise typer.BadParameter(f"{path}: not a file with a JWK Set") from error
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise typer.BadParameter(f"{path}: keys must be a list of JWKs")
    return tuple({name: value for name, value in key.items() if isinstance(value, str)} for key in keys)


def do(work: Callable[[IdpState], Awaitable[T]]) -> T:
    """Run a command's work on the provider of this machine's settings, and return what it returns."""
    settings = read_settings(os.environ)
    results: list[T] = []

    async def main() -> None:
        async with ground_of_command(settings) as (engine, state):
            results.append(await work(wire(settings=settings, engine=engine, state=state, clock=utc_now).state))

    try:
        run(main())
    except (AccountRefused, ClientRefused, KeyRefused, PasswordRefused) as refused:
        typer.echo(f"未更改。 Nothing changed: {refused}", err=True)
        raise typer.Exit(1) from None
    except UsernameTaken as taken:
        typer.echo(f"未更改，用户名已有人使用。 Nothing changed, the user name is taken: {taken}", err=True)
        raise typer.Exit(1) from None
    except AuditUnavailable as unavailable:
        typer.echo(f"未更改，审计无法写入。 Nothing changed, the audit can't be written: {unavailable}", err=True)
        raise typer.Exit(1) from None
    return results[0]
