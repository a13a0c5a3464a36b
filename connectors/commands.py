"""`onewindow connector …`: what system owners do with specs from a shell."""

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from connectors.errors import SpecRefused
from connectors.spec import load_system, load_systems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.coverage import Coverage
    from connectors.ledger import Submission
    from connectors.reconciliation import Comparison
    from connectors.system import System
    from connectors.yaml_source import YamlSource
    from matters.guide import Matter

CONFIG = Path(__file__).parents[1] / "config"
SYSTEMS = CONFIG / "systems"
connector_cli = typer.Typer(no_args_is_help=True, help="Department systems / 部门系统")
Directory = Annotated[Path, typer.Option(help="Directory of specs; this installation's unless given.")]


@connector_cli.callback()
def connector() -> None:
    """Department systems / 部门系统"""


@connector_cli.command("lint")
def lint_specs(
    directory: Annotated[
        Path, typer.Argument(help="Directory of specs, or one file; this installation's unless given.")
    ] = SYSTEMS,
) -> None:
    """Load every spec; ends with 1 and, for each problem, where it is and its mend when one does not hold."""
    systems = _load(directory)
    _check_fields(systems, directory)
    for system in systems:
        typer.echo(f"{system.id}\t{system.transport}\t{' '.join(system.operations)}")
    if directory == SYSTEMS:
        _check_flows(systems)
    typer.echo(f"{len(systems)} 个系统 systems: 全部通过 all hold")


@connector_cli.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of a spec, for editors that complete and check while one types."""
    from connectors.spec_models import SystemSpec

    typer.echo(json.dumps(SystemSpec.model_json_schema(by_alias=True), ensure_ascii=False, indent=2))


@connector_cli.command("coverage")
def show_coverage(
    system: Annotated[str | None, typer.Argument(help="One system; all of them unless given.")] = None,
    directory: Directory = SYSTEMS,
) -> None:
    """Show how each mandatory field of a department is fed by each guide; ends with 1 when one never is."""
    from connectors.coverage import coverage

    matters = _matters()
    found = [each for one in _load(directory, system) for each in coverage(one, matters)]
    for each in found:
        _print_coverage(each)
    if any(not each.holds for each in found):
        raise typer.Exit(1)


@connector_cli.command("test")
def run_contract_examples(
    system: Annotated[str | None, typer.Argument(help="One system; all of them unless given.")] = None,
    directory: Directory = SYSTEMS,
    send: Annotated[bool, typer.Option("--send", help="Then send them to the departments' test addresses.")] = False,
) -> None:
    """Hold mapping and rules against the spec's examples. Ends with 1 when one fails.

    With --send they go to the test address of each system, whatever its channel, never to the live one: ends with 1
    when a department answers otherwise than agreed, with 2 when one could not be asked.
    """
    from connectors.example_reports import missing_examples
    from connectors.examples import run_examples

    failed, systems = 0, _load(directory, system)
    for one in systems:
        mismatches = (*run_examples(one), *missing_examples(one))
        failed += len(mismatches)
        answers = sum(len(example.answers) for example in one.spec.examples)
        typer.echo(f"{one.id}: {len(one.spec.examples)} 个例子 examples, {answers} 个应答 answers")
        for mismatch in mismatches:
            typer.echo(f"  {mismatch}", err=True)
    if failed:
        raise typer.Exit(1)
    if send:
        from connectors.trial_commands import send_examples
        from connectors.trial_sending import PACE_SECONDS

        raise typer.Exit(asyncio.run(send_examples(systems, pace_seconds=PACE_SECONDS)))


@connector_cli.command("dry-run")
def show_dry_run(
    system: str,
    case: Annotated[str, typer.Option(help="Number of a case of this installation; shown masked.")],
    directory: Directory = SYSTEMS,
) -> None:
    """Show the message a kept case would be sent as under this spec, masked; nothing is sent."""
    from config.clock import utc_now
    from connectors.dry_run import dry_run, values_of_submission
    from connectors.redaction import redactor
    from matters.data_items import load_data_items

    one = _load(directory, system)[0]
    submission = asyncio.run(_submission(case))
    matter = next((m for m in _matters() if submission and m.id == _matter_id(submission)), None)
    if submission is None or matter is None:
        typer.echo(f"没有这个办件。 There is no case {case}", err=True)
        raise typer.Exit(1)
    items = load_data_items(CONFIG / "data_items.yaml")
    form = submission.content.get("form")
    rules = {item.id: item.mask for item in items.items}
    hiding = redactor(matter, form if isinstance(form, dict) else {}, rules, tables=tuple(one.tables.values()))
    operation = one.operation(matter.target.operation)
    shown = dry_run(one, operation, values_of_submission(one, operation, submission, at=utc_now()), hiding)
    typer.echo(json.dumps(_plain(shown), ensure_ascii=False, indent=2))
    if shown.refused:
        raise typer.Exit(1)


@connector_cli.command("diff")
def show_difference(before: Path, after: Path) -> None:
    """Compare two files of one system: first what changes in the data that leaves, then every changed place."""
    from connectors.comparing import compare_documents, compare_flows
    from connectors.yaml_source import read

    try:
        old, new = load_system(before, named=False), load_system(after, named=False)
        places = compare_documents(read(before).document, read(after).document)
    except SpecRefused as refused:
        _refuse(refused)
    for flow in compare_flows(old, new):
        typer.echo(
            f"{flow.change}\t{flow.operation}\t{flow.target}\t{', '.join(flow.before) or '-'} → {', '.join(flow.after) or '-'}"
        )
    for place in places:
        typer.echo(f"{place.change}\t{place.path}\t{_brief(place.before)} → {_brief(place.after)}")


@connector_cli.command("reconciliations")
def show_reconciliations(system: str) -> None:
    """Show the last daily comparisons with a department, and what each left to be done."""

    async def read() -> "Sequence[Comparison]":
        from config.entry import ground_of_command, read_settings
        from connectors.app import open_reconciliations

        async with ground_of_command(read_settings(os.environ)) as (engine, _state):
            return await open_reconciliations(engine).latest(system)

    for found in asyncio.run(read()):
        hashes = "一致 equal" if found.ours_sha256 == found.theirs_sha256 else "不一致 different"
        typer.echo(f"{found.day}\t我方 ours {found.ours}\t部门 theirs {found.theirs}\t{hashes}")
        for each in found.differences:
            typer.echo(f"  {each.repair.value}\t{each.our_number}\t{each.ours or '-'} → {each.theirs or '-'}")


def _load(directory: Path, system: str | None = None) -> "list[System]":
    try:
        systems = _declared(directory)
    except SpecRefused as refused:
        _refuse(refused, directory.parent if directory.is_file() else directory)
    if system is None:
        return list(systems.values())
    if system not in systems:
        typer.echo(f"没有这个系统。 There is no system {system!r}: there are {', '.join(systems)}", err=True)
        raise typer.Exit(1)
    return [systems[system]]


def _declared(place: Path) -> "Mapping[str, System]":
    """Return the systems of a directory or of one file; end with 1 where there is none, for nothing holds then."""
    if place.is_file():
        system = load_system(place)
        return {system.id: system}
    if not (systems := load_systems(place)):
        missing = (
            "没有这个目录或文件 no such directory or file" if not place.is_dir() else "没有 .yaml 文件 no file *.yaml"
        )
        typer.echo(f"{missing}: {place}", err=True)
        raise typer.Exit(1)
    return systems


def _check_flows(systems: "Sequence[System]") -> None:
    """End with 1 when what flows back or follows does not fit the systems, the guides or the data items."""
    from connectors.flows import check, read_flows
    from matters.data_items import load_data_items
    from matters.errors import DeclaredDataInvalid

    try:
        check(
            read_flows(CONFIG),
            systems={system.id: system for system in systems},
            matters=_matters(),
            items=load_data_items(CONFIG / "data_items.yaml"),
        )
    except DeclaredDataInvalid as refused:
        for line in refused.lines:
            typer.echo(line, err=True)
        raise typer.Exit(1) from None


def _refuse(refused: SpecRefused, directory: Path | None = None) -> NoReturn:
    from connectors.telling import told

    for line in told(refused.problems, directory):
        typer.echo(line, err=True)
    raise typer.Exit(1) from None


def _check_fields(systems: "list[System]", place: Path) -> None:
    """End with 1 when an operation reads a form field that none of the guides naming it has."""
    from connectors.unknown_fields import unknown_fields

    matters = _matters()
    found = [
        problem
        for system in systems
        for problem in unknown_fields(_source(place, system.id), system.id, matters, named_only=True)
    ]
    if found:
        _refuse(SpecRefused(found), place.parent if place.is_file() else place)


def _source(place: Path, system: str) -> "YamlSource":
    from connectors.yaml_source import read

    return read(place if place.is_file() else place / f"{system}.yaml")


def _matters() -> "tuple[Matter, ...]":
    from matters.guide import load_matters

    return load_matters(CONFIG / "matters", CONFIG / "matters-ext")


def _print_coverage(found: "Coverage") -> None:
    from connectors.coverage import Fed

    marks = {Fed.ALWAYS: "有 always", Fed.MAYBE: "可能空 maybe", Fed.NEVER: "缺 never"}
    typer.echo(
        f"{found.system} {found.operation} ← {found.matter}: {'通过 holds' if found.holds else '不通过 refused'}"
    )
    for line in found.lines:
        typer.echo(f"  {marks[line.fed]}\t{line.target}\t{', '.join(line.sources) or '(constant)'}")
    for key in found.unsent:
        typer.echo(f"  不发送 not sent\tform.{key}")


async def _submission(case: str) -> "Submission | None":
    from config.entry import ground_of_command, read_settings
    from connectors.app import open_deliveries

    settings = read_settings(os.environ)
    async with ground_of_command(settings) as (engine, _state):
        return await open_deliveries(engine).submission_of(case)


def _matter_id(submission: "Submission") -> str:
    case = submission.content.get("case")
    return str(case.get("matter", "")) if isinstance(case, dict) else ""


def _plain(shown: object) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(shown)  # type: ignore[call-overload,no-any-return]


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}…"
