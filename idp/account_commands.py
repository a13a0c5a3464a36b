"""`onewindow account …`: people's accounts, as operators handle them."""

from typing import Annotated

import typer

from config.clock import utc_now
from idp import accounts
from idp.endpoints.state import IdpState
from idp.operating import do
from idp.protocol.contact import Address, Contact

account_cli = typer.Typer(no_args_is_help=True, help="Accounts of people / 人员账号")

Password = Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="NEW_PASSWORD")]


@account_cli.command("add")
def add_account(
    username: str,
    name: Annotated[str, typer.Option(help="The person's name.")],
    unit: Annotated[str, typer.Option(help="Id of the unit.")],
    unit_name: Annotated[str, typer.Option(help="Name of the unit.")],
    region: Annotated[str, typer.Option(help="Region code of 2, 4, 6 or 9 digits.")],
    role: Annotated[list[str], typer.Option(help="clerk, editor, approver, owner, manager, admin; may be repeated.")],
    password: Password,
) -> None:
    """Create an account."""

    async def work(provider: IdpState) -> None:
        new = accounts.NewAccount(
            username=username, name=name, unit=unit, unit_name=unit_name, region=region, roles=frozenset(role)
        )
        made = await accounts.create(
            provider.account_store, provider.client_store, provider.passwords, new, password=password, at=utc_now()
        )
        typer.echo(f"sub {made.sub}")

    do(work)


@account_cli.command("password")
def set_password(username: str, password: Password) -> None:
    """Set a password; everything begun with the old one ends."""

    async def work(provider: IdpState) -> None:
        await accounts.set_password(provider.account_store, provider.passwords, username, password, at=utc_now())

    do(work)


@account_cli.command("disable")
def disable_account(username: str) -> None:
    """Stop an account: its sessions and tokens end."""

    async def work(provider: IdpState) -> None:
        await accounts.disable(provider.account_store, username, at=utc_now())

    do(work)


@account_cli.command("enable")
def enable_account(username: str) -> None:
    """Let a stopped account sign in again."""

    async def work(provider: IdpState) -> None:
        await accounts.enable(provider.account_store, username, at=utc_now())

    do(work)


@account_cli.command("roles")
def set_roles(username: str, role: list[str]) -> None:
    """Give an account exactly these roles."""

    async def work(provider: IdpState) -> None:
        await accounts.set_roles(provider.account_store, username, role, at=utc_now())

    do(work)


@account_cli.command("contact")
def set_contact(
    username: str,
    email: Annotated[str, typer.Option(help="Empty: unknown, as for all of these.")] = "",
    email_verified: Annotated[bool, typer.Option(help="Somebody checked that it is the person's.")] = False,
    phone_number: Annotated[str, typer.Option(help="E.164: +8613800000000.")] = "",
    phone_number_verified: Annotated[bool, typer.Option(help="Somebody checked that it is the person's.")] = False,
    street_address: str = "",
    locality: str = "",
    region: Annotated[str, typer.Option(help="Province or state, in words.")] = "",
    postal_code: str = "",
    country: str = "",
) -> None:
    """Set how a person is reached, replacing what was known; told to systems that ask for it and may."""
    address = Address(
        street_address=street_address, locality=locality, region=region, postal_code=postal_code, country=country
    )
    contact = Contact(
        email=email, email_verified=email_verified, phone_number=phone_number,
        phone_number_verified=phone_number_verified, address=address,
    )  # fmt: skip

    async def work(provider: IdpState) -> None:
        await accounts.set_contact(provider.account_store, username, contact, at=utc_now())

    do(work)


@account_cli.command("list")
def list_accounts() -> None:
    """List accounts, one a line."""

    async def work(provider: IdpState) -> None:
        for account in await provider.account_store.all():
            stopped = " (disabled)" if account.disabled else ""
            roles = ",".join(sorted(account.roles))
            typer.echo(f"{account.username}\t{account.name}\t{account.unit}\t{account.region}\t{roles}{stopped}")

    do(work)
