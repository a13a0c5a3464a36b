"""`onewindow connector test --send`: the contract examples sent to the test addresses by hand, as the night does it."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import typer

from connectors.commands import CONFIG
from connectors.system import System
from connectors.trial import READ_BACK, TrialResult, TrialState
from connectors.trial_sending import LISTENS, Sender

DRIFT, UNREACHED = 1, 2
"""How it ends: somebody answers otherwise than agreed; nobody does, but not everybody could be asked."""
_WORDS: Final = {
    TrialState.HOLDS: "与约定一致 holds",
    TrialState.DRIFT: "与约定不同 differs",
    TrialState.UNREACHED: "没有问到 not reached",
}
_WHY_NOT: Final = {
    "manual": "由人工送达，不能试送 a person carries it",
    "captcha": "登录要人辨认验证码，不能自动试送 logging in needs a person",
    "live": "测试地址就是正式地址，不试送 the test address is the live one",
}


async def send_examples(systems: Sequence[System], *, pace_seconds: float, listens: timedelta = LISTENS) -> int:
    """Send the examples of each system and print what came of them; return the exit code."""
    from config.clock import utc_now
    from config.entry import ground_of_command, read_settings
    from connectors.app import test_addresses
    from matters.working_days import load_calendar

    settings, codes = read_settings(os.environ), {0}
    async with ground_of_command(settings) as (engine, _state):
        calendar = load_calendar(CONFIG / "calendar.yaml")
        addresses = test_addresses(engine, settings, clock=utc_now, calendar=calendar)
        sender = Sender(addresses=addresses, clock=utc_now, pace_seconds=pace_seconds, listens=listens)
        for system in systems:
            if why := addresses.why_not(system):
                typer.echo(f"{system.id}\t{_WHY_NOT.get(why, f'没有测试地址 no test address: {why}')}")
                codes |= {UNREACHED} if len(systems) == 1 else set()
                continue
            results = await sender.send(system, ())
            codes |= _shown(system, results or ())
    return DRIFT if DRIFT in codes else max(codes)


def _shown(system: System, results: Sequence[TrialResult]) -> set[int]:
    codes = set()
    for result in results:
        judged = result.judged
        typer.echo(f"{system.id}\t{result.operation}\t{_WORDS[judged.state]}\t{judged.error or judged.found}")
        for difference in judged.differences:
            typer.echo(f"  {difference}", err=True)
        if judged.state is TrialState.DRIFT:
            codes.add(DRIFT)
        elif judged.state is TrialState.UNREACHED and result.operation != READ_BACK:
            codes.add(UNREACHED)
    return codes
