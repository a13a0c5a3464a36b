"""`onewindow connector …`: what system owners do with specs from a shell."""

from pathlib import Path
from typing import Annotated

import typer

from connectors.errors import SpecRefused
from connectors.spec import load_systems

SYSTEMS = Path(__file__).parents[1] / "config" / "systems"
connector_cli = typer.Typer(no_args_is_help=True, help="Department systems / 部门系统")


@connector_cli.callback()
def connector() -> None:
    """Department systems / 部门系统"""


@connector_cli.command("lint")
def lint_specs(
    directory: Annotated[Path, typer.Argument(help="Directory of specs; this installation's unless given.")] = SYSTEMS,
) -> None:
    """Load every spec; ends with 1 and a line per problem when one does not hold."""
    try:
        systems = load_systems(directory)
    except SpecRefused as refused:
        for problem in refused.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    for system in systems.values():
        typer.echo(f"{system.id}\t{system.transport}\t{' '.join(system.operations)}")
    typer.echo(f"{len(systems)} 个系统 systems: 全部通过 all hold")
