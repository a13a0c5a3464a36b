"""`onewindow guide …`: what editors and operators do with guides from a shell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from matters.codes import load_codes
from matters.data_items import load_data_items
from matters.errors import MatterError
from matters.guide import Matter, load_matters
from matters.guide_lint import Finding, lint

CONFIG = Path(__file__).parents[1] / "config"
guide_cli = typer.Typer(no_args_is_help=True, help="Service guides / 办事指南")


@guide_cli.callback()
def guide() -> None:
    """Service guides / 办事指南"""


@guide_cli.command("lint")
def lint_guides(
    directories: Annotated[
        list[Path] | None, typer.Argument(help="Directories of matter files; those of this installation unless given.")
    ] = None,
    systems: Annotated[Path, typer.Option(help="Directory of the systems guides may name.")] = CONFIG / "systems",
) -> None:
    """Check every guide; ends with 1 when one has an error."""
    chosen = directories or [CONFIG / "matters", CONFIG / "matters-ext"]
    try:
        matters = load_matters(*chosen)
    except MatterError as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
    errors = warnings = 0
    for matter, findings in _findings(matters, systems):
        for finding in findings:
            errors += finding.severity == "error"
            warnings += finding.severity == "warning"
            typer.echo(f"{matter.id}  {finding.severity}  {finding.path}  {finding.message.format(**finding.params)}")
    typer.echo(f"{len(matters)} 项事项 matters: {errors} 个错误 errors, {warnings} 个提醒 warnings")
    if errors:
        raise typer.Exit(1)


def _findings(matters: Sequence[Matter], systems: Path) -> list[tuple[Matter, list[Finding]]]:
    items, codes = load_data_items(CONFIG / "data_items.yaml"), load_codes(CONFIG / "codes.yaml")
    known = {file.stem for file in systems.glob("*.yaml")}
    return [(matter, lint(matter, items=items, codes=codes, systems=known)) for matter in matters]
