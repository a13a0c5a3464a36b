"""`onewindow account import`: accounts from a table, each with an invitation; safe to repeat."""

import os
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Final

import typer

from config.clock import utc_now
from idp.account_commands import account_cli
from idp.account_import import Preview, links_table
from idp.endpoints.admin.words import COLUMNS, TROUBLES
from idp.endpoints.state import IdpState
from idp.operating import do
from idp.protocol.account_csv import MOST_BYTES
from idp.protocol.audit import COMMAND_LINE

_SHOWN: Final = 50


@account_cli.command("import")
def import_accounts(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, UTF-8 or GB18030.")],
    links: Annotated[
        Path | None, typer.Option(help="New file for the invitation links; only its owner can read it.")
    ] = None,
    region: Annotated[str, typer.Option(help="Refuse lines outside this region.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
) -> None:
    """Create accounts from a CSV file, with invitation links instead of passwords; user names that exist stay as they are."""
    if links is None and not dry_run:
        raise typer.BadParameter("--links FILE or --dry-run / 请给出保存邀请链接的文件，或只试算")
    content = file.read_bytes() if file.stat().st_size <= MOST_BYTES else b"x" * (MOST_BYTES + 1)

    async def work(provider: IdpState) -> bool:
        imports = provider.people.imports.imports
        preview = await imports.preview(content, region=region)
        _tell(preview)
        if dry_run or links is None or not preview.fresh:
            return preview.sheet.fault_count == 0
        target = _new_private_file(links)  # before anybody comes in: links that can't be kept help nobody
        batch = token_urlsafe(16)
        async for progress in imports.run(preview.fresh, batch=batch, by=COMMAND_LINE, at=utc_now()):
            typer.echo(f"\r{progress.done} / {progress.total}", nl=False, err=True)
        typer.echo("", err=True)
        lines = await provider.people.invitations.links_of(batch, COMMAND_LINE, at=utc_now())
        with os.fdopen(target, "wb") as out:
            out.write(links_table(lines))
        typer.echo(f"邀请链接已写入 {links}，14 天内有效。 Invitation links are in {links}, good for 14 days.")
        return preview.sheet.fault_count == 0

    if not do(work):
        raise typer.Exit(1)


def _tell(preview: Preview) -> None:
    existing = len(preview.sheet.people) - len(preview.fresh)
    typer.echo(f"新建 {len(preview.fresh)}，已存在 {existing}，有误 {preview.sheet.fault_count} 处。")
    typer.echo(f"{len(preview.fresh)} to be made, {existing} exist, {preview.sheet.fault_count} faults.")
    for fault in preview.sheet.faults[:_SHOWN]:
        place = f"{fault.column} {COLUMNS[fault.column]}".strip()
        typer.echo(
            f"  第 {fault.line} 行 line {fault.line}, {place}: {TROUBLES[fault.trouble]} [{fault.trouble}]", err=True
        )
    if preview.sheet.fault_count > _SHOWN:
        typer.echo(f"  … {preview.sheet.fault_count - _SHOWN}", err=True)


def _new_private_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None
