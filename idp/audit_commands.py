"""`onewindow audit …`: is the audit whole, and what does it say."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from idp.audit_checkpoints import read
from idp.endpoints.state import IdpState
from idp.operating import do
from idp.protocol.audit import AuditRow, Head, checkpoint
from idp.protocol.audit_verification import Broken, Fault

audit_cli = typer.Typer(no_args_is_help=True, help="What was done by whom / 审计")

_BATCH: Final = 1000
_SENTENCES: Final = {
    Fault.MISSING: "第 {seq} 条已被删除。 Row {seq} is missing: it was deleted.",
    Fault.CHANGED: "第 {seq} 条被改动、插入或调换。 Row {seq} is not what was written there: edited, inserted or moved.",
    Fault.CLOCK_BACK: "第 {seq} 条的时间早于此前各条，时钟曾被调回。 Row {seq} says it is older than rows before it: the clock ran back.",
    Fault.CUT_OFF: "自第 {seq} 条起被截断。 Rows from {seq} on were cut off.",
    Fault.BEYOND_HEAD: "第 {seq} 条起不是本系统所写。 Rows from {seq} on were not written by OneWindow.",
    Fault.HEAD_FORGED: "链尾记录缺失或被改动（至第 {seq} 条）。 The head of the chain is gone or was changed (after row {seq}).",
    Fault.CHECKPOINT_FORGED: "第 {seq} 条的检查点不是本系统所签。 The checkpoint for row {seq} was not made by this installation.",
    Fault.CHECKPOINT_DIFFERS: "第 {seq} 条与当时的检查点不符，审计曾被重写。 Row {seq} differs from its checkpoint: the audit was rewritten.",
}


@audit_cli.command("verify")
def verify(
    checkpoints: Annotated[
        list[Path] | None, typer.Option("--checkpoints", help="Files of checkpoints kept elsewhere; may be repeated.")
    ] = None,
) -> None:
    """Hold every row against the chain, its head and the checkpoints; ends with 1 where it does not hold."""

    async def work(provider: IdpState) -> Broken | None:
        heads = [head for path in (provider.audit_checkpoints, *(checkpoints or ())) for head in _read(path)]
        count, broken = await provider.audit_store.verify(heads)
        typer.echo(f"{count} 条记录相符，{len(heads)} 个检查点。 {count} rows hold, {len(heads)} checkpoints.")
        return broken

    broken = do(work)
    if broken is not None:
        typer.echo(_SENTENCES[broken.fault].format(seq=broken.seq), err=True)
        raise typer.Exit(1)


@audit_cli.command("checkpoint")
def print_checkpoint() -> None:
    """Print the end of the chain as one line; keep it where nobody of this machine can change it."""

    async def work(provider: IdpState) -> None:
        head = await provider.audit_store.head()
        if head is not None:
            typer.echo(checkpoint(head))

    do(work)


@audit_cli.command("list")
def list_rows(
    account: Annotated[str, typer.Option(help="User name or sub: rows about or by this person.")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC; all unless given.")
    ] = None,
    full: Annotated[bool, typer.Option(help="Show whole identifiers; ask yourself why.")] = False,
) -> None:
    """List rows, one a line: number, time, what, about whom, by whom, client, detail. Identifiers are masked."""

    async def work(provider: IdpState) -> None:
        found = await provider.account_store.by_username(account) if account else None
        sub = found[0].sub if found else account
        begin = since.replace(tzinfo=UTC) if since else datetime(1970, 1, 1, tzinfo=UTC)
        after = 0
        while rows := await provider.audit_store.listed(sub=sub, since=begin, after=after, at_most=_BATCH):
            for row in rows:
                typer.echo(line(row, full=full))
            after = rows[-1].seq

    do(work)


def line(row: AuditRow, *, full: bool) -> str:
    """Return a row as one line of tab-separated words."""
    shown = (lambda name: name) if full else mask
    detail = ", ".join(f"{name}={_plain(value)}" for name, value in json.loads(row.detail).items())
    moment = row.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return "\t".join(
        (str(row.seq), moment, row.kind, shown(row.sub) or "-", shown(row.by) or "-", row.client_id or "-", detail)
    )


def mask(identifier: str) -> str:
    """Return enough of a sub to tell two apart, not enough to use it; words such as `system` stay."""
    return identifier if len(identifier) < 16 else f"{identifier[:4]}…{identifier[-3:]}"


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _read(path: Path) -> list[Head]:
    try:
        return read(path)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(f"{path}: {error}") from error
