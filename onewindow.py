"""Command line of OneWindow. What a process is made of is put together in `composition`, one file a subject.

Imports stay inside the commands, so that `onewindow --help` does not load a web server.
"""

import os
import sys
from typing import Annotated

import typer

from composition.part import Part
from config import collecting
from config.entry import ground, read_settings, refuse_alone, run

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="一窗 OneWindow", pretty_exceptions_enable=False)


@cli.command()
def serve(
    only: Annotated[Part | None, typer.Option(help="Run one part; without it idp, portal and worker together.")] = None,
) -> None:
    """Serve the identity provider, the portal and the delivery worker."""
    collecting.put_off()
    settings = read_settings(os.environ)
    if only is Part.PORTAL:
        refuse_alone(settings, "onewindow serve --only portal")

    async def main() -> None:
        from composition.listening import listen
        from composition.serving import serve_app
        from composition.web_app import compose

        async with ground(settings) as (engine, state):
            app = await compose(settings, engine, state, only=only)
            await serve_app(app, settings, listen(settings.host, settings.port), on_ready=lambda: None)

    run(main())


@cli.command()
def worker() -> None:
    """Run a delivery worker alone; any number may run beside each other on PostgreSQL and Redis."""
    settings = read_settings(os.environ)
    refuse_alone(settings, "onewindow worker")

    async def main() -> None:
        from composition.worker import run_worker

        async with ground(settings) as (engine, state):
            await run_worker(settings, engine, state)

    run(main())


@cli.command()
def migrate() -> None:
    """Bring the database to this version: schema, guides, the portal's client. Run before a new version serves."""
    settings = read_settings(os.environ)

    async def main() -> None:
        from composition.preparing import prepare

        async with ground(settings) as (engine, state):
            await prepare(settings, engine, state)

    run(main())


@cli.command("settings")
def show_settings() -> None:
    """List every setting with its default."""
    from config.settings import PREFIX, Settings

    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        typer.echo(
            f"{PREFIX}{name.upper()}\n    {field.description}\n    default: {shown if shown != '' else '(empty)'}"
        )


@cli.command()
def demo(
    port: Annotated[
        int, typer.Option(envvar="PORT", help="Port of OneWindow; departments listen from 100 above.")
    ] = 8000,
) -> None:
    """Start OneWindow with 13 simulated department systems, known accounts and everything they need."""
    from composition.demonstration import run_demo

    run_demo(port)


def main() -> None:
    """Run the command line; the packages' own commands are loaded unless one of ours is asked for."""
    ours = {
        command.name or (command.callback.__name__ if command.callback else "") for command in cli.registered_commands
    }
    if not ours & set(sys.argv[1:2]):
        from composition.package_commands import add_commands_of_packages

        add_commands_of_packages(cli, "".join(sys.argv[1:2]))  # a fifth of the time `serve` takes to start
    cli()


if __name__ == "__main__":
    main()
