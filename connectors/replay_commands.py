"""`onewindow connector replay`: deliveries sent anew from a shell, with the same preview and the same rules as the page."""

import asyncio
import getpass
import os
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from connectors.commands import CONFIG, connector_cli
from connectors.replay import GROUPS, LEAST_REASON, LEFT_OUT_WORDS, MOST_AT_ONCE, WAY_WORDS, Act, Choice, Group, LeftOut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.replaying import Line, Preview, Redacting, Replays
    from connectors.system import System
    from matters.policy import Actor


@connector_cli.command("replay")
def replay_deliveries(
    system: str,
    state: Annotated[
        list[str] | None, typer.Option(help=f"Where they stopped: {', '.join(GROUPS)}; all of them unless given.")
    ] = None,
    since: Annotated[str, typer.Option(help="Stopped at this moment or later: 2026-11-21 or 2026-11-21T09:00.")] = "",
    until: Annotated[str, typer.Option(help="Stopped before this moment.")] = "",
    case: Annotated[list[str] | None, typer.Option(help="Only these case numbers.")] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Only show what would be done.")] = False,
    reason: Annotated[str, typer.Option(help="Why it can be sent now; kept for good.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send stopped deliveries anew: shows each with what would become of it, asks, and appends new deliveries."""
    choice = Choice(
        system=system,
        groups=_groups(state or []),
        since=_moment(since),
        until=_moment(until),
        cases=tuple(number.upper() for number in case or ()),
    )
    if not dry and len(reason.strip()) < LEAST_REASON:
        typer.echo("请用 --reason 写明理由，或用 --dry 只看。 Give --reason, or --dry to look only.", err=True)
        raise typer.Exit(2)
    asyncio.run(_run(choice, dry=dry, reason=reason.strip(), yes=yes))


async def _run(choice: Choice, *, dry: bool, reason: str, yes: bool) -> None:
    from config.clock import utc_now
    from config.entry import ground_of_command, read_settings
    from connectors.app import open_replays, served_systems

    async with ground_of_command(read_settings(os.environ)) as (engine, state):
        systems = await served_systems(engine, state)
        if choice.system not in systems:
            typer.echo(f"没有这个系统。 There is no system {choice.system!r}: there are {', '.join(systems)}", err=True)
            raise typer.Exit(1)
        replays, actor = open_replays(engine, state, systems), _operator()
        preview = await replays.preview(choice, actor=actor, redacting=_redacting(systems), at=utc_now())
        _show(preview)
        if dry or not preview.going:
            return
        if not yes:
            await asyncio.to_thread(typer.confirm, "重新送出？ Send them anew?", abort=True)
        await _replay(replays, preview, actor, reason, at=utc_now())


async def _replay(replays: "Replays", preview: "Preview", actor: "Actor", reason: str, *, at: datetime) -> None:
    act = Act(id=str(uuid4()), system=preview.choice.system, by=actor.sub, who=actor.name, reason=reason, at=at)
    chosen = [line.candidate.delivery.id for line in preview.going]
    kept = await replays.replay(act, chosen, actor=actor)
    for number, why in kept.left_out:
        typer.echo(f"  没有送出 left out\t{number}\t{LEFT_OUT_WORDS[why]}")
    typer.echo(f"已重新送出 sent anew: {len(kept.renewed)}\t记录 record {act.id}")


def _show(preview: "Preview") -> None:
    for line in preview.lines:
        delivery = line.candidate.delivery
        typer.echo(f"{delivery.case_number}\t{delivery.state.value}\t{_word(line)}\t{_changed(line)}".rstrip())
    shown = f"，显示前 {MOST_AT_ONCE} 项 (first {MOST_AT_ONCE} shown)" if preview.count > MOST_AT_ONCE else ""
    typer.echo(f"符合 match: {preview.count}{shown}\t会送出 would be sent: {len(preview.going)}")


def _word(line: "Line") -> str:
    verdict = line.verdict
    if verdict.way is not None:
        return f"{verdict.way.value} {WAY_WORDS[verdict.way]}"
    left_out = verdict.left_out or LeftOut.CHANGED
    return f"- {left_out.value} {LEFT_OUT_WORDS[left_out]} {verdict.detail}".rstrip()


def _changed(line: "Line") -> str:
    return "" if line.changed is None else "变化 changed: " + (", ".join(line.changed) or "无 nothing")


def _groups(asked: list[str]) -> frozenset[Group]:
    unknown = [group for group in asked if group not in GROUPS]
    if unknown:
        typer.echo(f"--state {unknown[0]!r}：可用 choose from {', '.join(GROUPS)}", err=True)
        raise typer.Exit(2)
    return frozenset(group for group in GROUPS if group in asked) or frozenset(GROUPS)


def _moment(text: str) -> datetime | None:
    """Return a day's beginning or a moment, in Shanghai unless it names its zone."""
    from config.clock import SHANGHAI

    if not text:
        return None
    try:
        found = datetime.fromisoformat(text) if "T" in text else datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        typer.echo(f"{text!r}：请写成 2026-11-21 或 2026-11-21T09:00。 Write 2026-11-21 or 2026-11-21T09:00.", err=True)
        raise typer.Exit(2) from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _operator() -> "Actor":
    """Return who stands at this shell: whoever may start the installation's commands runs its systems."""
    from matters.policy import Actor, Role

    name = getpass.getuser()
    return Actor(sub=f"shell:{name}", name=f"{name} (shell)", roles=frozenset({Role.ADMIN}), unit="", region="")


def _redacting(systems: "Mapping[str, System]") -> "Redacting":
    from connectors.redaction import redacting
    from matters.data_items import load_data_items
    from matters.guide import load_matters

    matters = {matter.id: matter for matter in load_matters(CONFIG / "matters", CONFIG / "matters-ext")}
    rules = {item.id: item.mask for item in load_data_items(CONFIG / "data_items.yaml").items}
    return redacting(matters, rules, systems)
