"""`onewindow connector registrations | registered | register | move`: versions of a system's spec, from a shell.

The person who acts is an account of this installation: what may be done and by whom is decided as in the pages.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from config.clock import SHANGHAI, utc_now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from config.settings import Settings
    from config.state import StateStore
    from connectors.readiness import Readiness
    from connectors.registration import Registration
    from connectors.registration_errors import RegistrationError
    from connectors.registry import Registry
    from matters.policy import Actor

FindActor = Callable[["Settings", "AsyncEngine", "StateStore", str], Awaitable["Actor | None"]]
"""Gives the account of a user name as one who acts; None when there is none, or it is disabled."""
By = Annotated[str, typer.Option(help="User name of who does this.")]


def add_registration_commands(cli: typer.Typer, find: FindActor) -> None:
    """Add the commands to `cli`; accounts are the provider's, so the composition root says how they are found."""
    commands = _Commands(find)
    cli.command("registrations")(commands.registrations)
    cli.command("registered")(commands.registered)
    cli.command("register")(commands.register)
    cli.command("move")(commands.move)


class _Commands:
    def __init__(self, find: FindActor) -> None:
        self._find = find

    def registrations(
        self, by: By, system: Annotated[str | None, typer.Argument(help="One system, with every step.")] = None
    ) -> None:
        """List the versions of every system, or of one with who did what when."""

        async def work(registry: "Registry", actor: "Actor") -> None:
            if system is None:
                for each in await registry.systems(actor):
                    for version in each.versions:
                        _print_version(version)
                return
            for version in (await registry.system(system, actor)).versions:
                _print_version(version)
            for step in await registry.steps(system, actor):
                regions = f"\t{' '.join(step.regions)}" if step.regions else ""
                before = step.from_state.value if step.from_state else "-"
                typer.echo(
                    f"  {_shown(step.at)}\t{step.version}\t{before} → {step.to_state.value}\t{step.by.name}\t{step.reason}{regions}"
                )

        self._run(by, work)

    def registered(self, system: str, version: int, by: By) -> None:
        """Print the text of a version."""

        async def work(registry: "Registry", actor: "Actor") -> None:
            typer.echo((await registry.written(system, version, actor)).text, nl=False)

        self._run(by, work)

    def register(
        self,
        file: Annotated[
            Path, typer.Argument(help="The spec; its name is the system's id, its WSDL lies in wsdl/ beside.")
        ],
        by: By,
        reason: Annotated[str, typer.Option(help="Why there is a new version.")] = "",
    ) -> None:
        """Keep a file as the draft of a new version; what it lacks is listed, and can be mended by registering it anew."""

        async def work(registry: "Registry", actor: "Actor") -> None:
            text, system = _read(file), file.stem
            known = {each.system: each.in_force for each in await registry.systems(actor)}
            before = known.get(system)
            saved = await registry.register(
                system,
                text,
                actor=actor,
                at=utc_now(),
                reason=reason,
                from_version=before.version if before is not None else None,
                contract=_contract_beside(file, text),
            )
            _print_version(saved.registration)
            _print_readiness(await registry.readiness(system, saved.registration.version, actor))

        self._run(by, work)

    def move(
        self,
        system: str,
        version: int,
        state: Annotated[
            str, typer.Argument(help="tested, approved, sent_back, withdrawn, canary, live, draining, retired")
        ],
        by: By,
        reason: Annotated[str, typer.Option(help="Why; kept for good.")] = "",
        region: Annotated[list[str] | None, typer.Option(help="Region code of a canary; may be repeated.")] = None,
    ) -> None:
        """Take a step: test, approve (another person than who wrote or tested it), put into service, drain, retire."""

        async def work(registry: "Registry", actor: "Actor") -> None:
            from connectors.registration import RegistrationState

            if state not in {known.value for known in RegistrationState}:
                raise typer.BadParameter(f"state is one of {', '.join(known.value for known in RegistrationState)}")
            after = await registry.move(
                system,
                version,
                RegistrationState(state),
                actor=actor,
                reason=reason,
                at=utc_now(),
                regions=region or (),
            )
            _print_version(after)

        self._run(by, work)

    def _run(self, by: str, work: "Callable[[Registry, Actor], Awaitable[None]]") -> None:
        from config.entry import ground_of_command, read_settings, run
        from connectors.app import open_registry
        from connectors.endpoints import Endpoints
        from connectors.errors import NotPermitted
        from connectors.registration_errors import NotReady, RegistrationError
        from connectors.secrets_dir import SecretsDirectory

        async def main() -> None:
            settings = read_settings(os.environ)
            async with ground_of_command(settings) as (engine, state):
                actor = await self._find(settings, engine, state, by)
                if actor is None:
                    _end(f"没有这个账号，或已停用。 There is no such account, or it is disabled: {by}")
                registry = open_registry(
                    engine,
                    state,
                    secrets=SecretsDirectory(settings.secrets_dir),
                    endpoints=Endpoints(settings.endpoints_file),
                )
                await work(registry, actor)

        try:
            run(main())
        except NotReady as refused:
            _print_readiness(refused.readiness)
            _end(f"未更改。 Nothing changed: {_sentence(refused)}")
        except RegistrationError as refused:
            _end(f"未更改。 Nothing changed: {_sentence(refused)}")
        except NotPermitted:
            _end(f"未更改。 Nothing changed: {by} may not do this.")


def _sentence(refused: "RegistrationError") -> str:
    return f"{refused.public.format_map({key: str(value) for key, value in refused.params.items()})} ({refused.code})"


def _end(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def _read(file: Path) -> str:
    from connectors.errors import SpecRefused
    from connectors.telling import told
    from connectors.yaml_source import read_text

    try:
        return read_text(file)
    except SpecRefused as refused:
        _end("\n".join(["未登记。 Nothing was kept:", *told(refused.problems)]))


def _contract_beside(file: Path, text: str) -> bytes | None:
    from connectors.registered_text import contract_of
    from connectors.spec import installed_contracts

    named, _ = contract_of(text)
    return installed_contracts(file.parent)(named) if named else None


def _print_version(version: "Registration") -> None:
    regions = f"\t{' '.join(version.regions)}" if version.regions else ""
    typer.echo(
        f"{version.system}\t{version.version}\t{version.state.value}\t{version.origin}"
        f"\t{_shown(version.state_at)}\t{version.sha256[:12]}{regions}"
    )


def _print_readiness(found: "Readiness") -> None:
    from connectors.telling import told

    for line in told(found.problems):
        typer.echo(line, err=True)
    for mismatch in found.mismatches:
        typer.echo(str(mismatch), err=True)
    for operation in found.without_example:
        typer.echo(f"没有例子 no example with an answer: {operation}", err=True)
    for each in found.uncovered:
        typer.echo(f"必填项没有来源 nothing feeds {each.operation}.{each.target} ← {each.matter}", err=True)
    for name in found.missing_secrets:
        typer.echo(f"缺少密钥 no secret in the secrets directory: {name}", err=True)
    for name in found.missing_lines:
        typer.echo(f"缺少地址 no line in the endpoints file: {name}", err=True)
    for operation in found.by_hand:
        typer.echo(f"将由人工送达 people will carry the cases of: {operation}", err=True)


def _shown(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
