"""The commands that the packages bring along; what a group needs is loaded when it is asked for."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from config.settings import Settings
    from config.state import StateStore
    from matters.policy import Actor


def add_commands_of_packages(cli: typer.Typer, asked: str) -> None:
    """Add the group that is asked for; all of them unless it is one that needs no provider, half of what there is to load."""
    if asked not in ("connector", "guide"):
        _add_commands_of_the_provider(cli)
    if asked != "guide":
        from connectors import replay_commands  # noqa: F401 - adds `connector replay`
        from connectors.commands import connector_cli
        from connectors.registration_commands import add_registration_commands

        add_registration_commands(connector_cli, _actor)
        cli.add_typer(connector_cli, name="connector")
    if asked != "connector":
        from matters.commands import guide_cli

        cli.add_typer(guide_cli, name="guide")


def _add_commands_of_the_provider(cli: typer.Typer) -> None:
    from idp import import_commands, real_name_command  # noqa: F401 - add `account import` and `account real-name`
    from idp.account_commands import account_cli
    from idp.audit_commands import audit_cli
    from idp.client_commands import client_cli
    from idp.key_commands import key_cli

    for name, group in (("account", account_cli), ("client", client_cli), ("key", key_cli), ("audit", audit_cli)):
        cli.add_typer(group, name=name)


async def _actor(settings: "Settings", engine: "AsyncEngine", state: "StateStore", username: str) -> "Actor | None":
    """Return the account of a user name as one who acts; None when there is none, or it is disabled."""
    from config.clock import utc_now
    from idp.app import wire
    from idp.protocol.account import fold_username
    from matters.policy import Actor, roles_from_claim

    provider = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    found = await provider.account_store.by_username(fold_username(username))
    if found is None or found[0].disabled:
        return None
    account = found[0]
    return Actor(
        sub=account.sub,
        name=account.name,
        roles=roles_from_claim(sorted(account.roles)),
        unit=account.unit,
        region=account.region,
    )
