"""`onewindow account real-name`: how surely a person is known."""

from typing import Annotated

import typer

from config.clock import utc_now
from idp import accounts
from idp.account_commands import account_cli
from idp.endpoints.state import IdpState
from idp.operating import do


@account_cli.command("real-name")
def set_real_name_level(username: str, level: Annotated[int, typer.Argument(min=0, max=3)]) -> None:
    """Note how surely the person is known (实名等级); 3: papers checked in person."""

    async def work(provider: IdpState) -> None:
        await accounts.set_real_name_level(provider.account_store, username, level, at=utc_now())

    do(work)
