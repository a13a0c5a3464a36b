"""`onewindow key …`: signing keys, as operators handle them."""

from typing import Annotated

import typer

from config.clock import SHANGHAI, utc_now
from idp import keys
from idp.endpoints.state import IdpState
from idp.operating import DRAWN_IDS, do
from idp.protocol.client import SigningAlg

key_cli = typer.Typer(no_args_is_help=True, help="Signing keys / 签名密钥")


@key_cli.command("list")
def list_keys() -> None:
    """List signing keys, one a line: kid, algorithm, next, current or previous, since when."""

    async def work(provider: IdpState) -> None:
        for key in await provider.key_store.load():
            since = f"{key.since.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if key.since else "-"
            typer.echo(f"{key.kid}\t{key.alg}\t{key.state}\t{since}")

    do(work)


@key_cli.command("rotate")
def rotate_key(alg: Annotated[str, typer.Argument(help="RS256 or ES256.")]) -> None:
    """Let the next key sign from now on; the one before stays published, so that what it signed still verifies."""
    if alg not in ("RS256", "ES256"):
        raise typer.BadParameter("RS256 or ES256")
    chosen: SigningAlg = "RS256" if alg == "RS256" else "ES256"

    async def work(provider: IdpState) -> None:
        for key in await keys.rotate(provider.key_store, chosen, at=utc_now()):
            typer.echo(f"{key.kid}\t{key.alg}\t{key.state}")

    do(work)


@key_cli.command("retire", context_settings=DRAWN_IDS)
def retire_key(kid: Annotated[str, typer.Argument(help="As `key list` shows it.")]) -> None:
    """Take a previous key out of publication at once; what it signed is refused from now on."""

    async def work(provider: IdpState) -> None:
        retired = await keys.retire(provider.key_store, kid, at=utc_now())
        typer.echo(f"retired {retired.kid}\t{retired.alg}")

    do(work)


@key_cli.command("reseal")
def reseal_keys() -> None:
    """Seal everything anew under ONEWINDOW_SECRET_KEY; ONEWINDOW_PREVIOUS_SECRET_KEY has to be set still."""

    async def work(provider: IdpState) -> None:
        signing = await provider.key_store.reseal()
        codes = await provider.second_factors.totp.reseal()
        typer.echo(f"sealed anew: {signing} signing keys, {codes} one-time code keys")

    do(work)
