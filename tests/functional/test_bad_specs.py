"""A spec that can't be right is refused wherever it comes in: at lint, when it is loaded, and on the registration page.

Each way names the file (or version), the line and the place, and says how to mend it.
"""

import html
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from config.clock import utc_now
from config.storage.memory_state import MemoryStateStore
from connectors.app import ship_systems
from connectors.commands import connector_cli
from connectors.errors import SpecRefused
from tests.doubles.clerk_house import House, guides, house
from tests.servers.visitor import Page

ROOT = Path(__file__).parents[2]
SYSTEMS = ROOT / "config" / "systems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One mistake: what is written in place of what, the word at its line, what is told, and a word of the mend."""

    system: str
    old: str
    new: str
    at: str
    tells: str
    mend: str


SLIPS = {
    "unknown key": Slip(
        system="mz-elder", old="\ndepartment: mz", new="\ndepartement: mz", at="departement",
        tells="there is no such key here", mend="department",
    ),
    "unknown path": Slip(
        system="mz-elder", old="case.number", new="case.nunber", at="nunber", tells="unknown path 'case.nunber'",
        mend="number",
    ),
    "a field no guide has": Slip(
        system="mz-elder", old="form.applicant_name", new="form.aplicant_name", at="aplicant_name",
        tells="aplicant_name", mend="applicant_name",
    ),
    "a secret in clear": Slip(
        system="mz-elder", old="secret: mz-elder.hmac", new="secret: 9f86d081884c7d659a2feaa0c55ad015",
        at="9f86d081884c7d659a2feaa0c55ad015", tells="NAME of a file", mend="",
    ),
    "a loop of fragments": Slip(
        system="mz-assist", old="fragments:\n", new="fragments:\n  a: {$use: b}\n  b: {$use: a}\n",
        at="$use", tells="uses itself", mend="",
    ),
    "extends": Slip(
        system="mz-elder", old="\nversion:", new="\nextends: mz-elder\nversion:", at="extends",
        tells="there is no such key here", mend="",
    ),
    "a page's predicate": Slip(
        system="wj-reward", old="body.text.contains('用户登录')", new="body.text.kontains('用户登录'", at="kontains",
        tells="not a CEL expression", mend="",
    ),
    "a page's variable": Slip(
        system="wj-reward", old="body.text.contains('欢迎')", new="page.text.contains('欢迎')", at="page.text",
        tells="unknown variable 'page'", mend="body",
    ),
    "a page's table": Slip(
        system="wj-reward", old="number: body.rows.0.number", new="number: form.rows.0.number", at="form.rows",
        tells="unknown path 'form.rows.0.number'", mend="",
    ),
    "a WSDL that changed": Slip(
        system="mz-assist", old="58af32380bd1", new="68af32380bd1", at="68af32380bd1", tells="the contract changed",
        mend="",
    ),
}  # fmt: skip


def written(slip: Slip) -> str:
    text = (SYSTEMS / f"{slip.system}.yaml").read_text("utf-8")
    assert slip.old in text
    changed = text.replace(slip.old, slip.new, 1)
    if slip.tells == "uses itself":
        changed = changed.replace(
            "$use: [person, agent, household, bank]", "$use: [person, agent, household, bank, a]", 1
        )
    return changed


def directory(slip: Slip, tmp_path: Path) -> Path:
    shutil.copytree(SYSTEMS / "wsdl", tmp_path / "wsdl")
    (tmp_path / f"{slip.system}.yaml").write_text(written(slip), "utf-8")
    return tmp_path


@pytest.mark.parametrize("name", SLIPS)
def test_lint_names_file_line_and_mend(name: str, tmp_path: Path) -> None:
    slip = SLIPS[name]
    done = CliRunner().invoke(connector_cli, ["lint", str(directory(slip, tmp_path))])
    assert done.exit_code == 1, done.output
    told = re.findall(rf"{slip.system}\.yaml:(\d+): (.*)\n(?:  改法 mend: (.*))?", done.output)
    line, _, mend = next(each for each in told if slip.tells in each[1])
    assert slip.at in written(slip).splitlines()[int(line) - 1]
    assert mend
    assert slip.mend in mend
    if name == "a secret in clear":
        assert slip.at not in done.output


@pytest.mark.parametrize("name", SLIPS)
async def test_it_is_not_loaded_and_nothing_of_the_others_is(name: str, tmp_path: Path, embedded: AsyncEngine) -> None:
    slip = SLIPS[name]
    async with house(embedded, MemoryStateStore(), tmp_path):
        (tmp_path / "specs").mkdir()
        with pytest.raises(SpecRefused) as refused:
            await ship_systems(embedded, directory(slip, tmp_path / "specs"), at=utc_now(), matters=guides)
    problem = next(each for each in refused.value.problems if slip.tells in each.expected)
    assert problem.file == f"{slip.system}.yaml"
    assert slip.at in written(slip).splitlines()[problem.line - 1]


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with house(embedded, MemoryStateStore(), tmp_path) as opened:
        await ship_systems(embedded, SYSTEMS, at=utc_now())
        yield opened


async def test_the_registration_page_tells_each_beside_its_line(one: House) -> None:
    owner, drafts = await one.person("owner"), dict[str, Page]()
    for name, slip in SLIPS.items():
        if slip.system not in drafts:
            page = await owner.get(f"/registrations/{slip.system}")
            drafts[slip.system] = await owner.submit(page, page.form(having="from"))
        page = drafts[slip.system]
        page = drafts[slip.system] = await owner.submit(
            page, page.form(having="text"), {"text": written(slip)}, button=("then", "stay")
        )
        wrong = {int(n) for n in re.findall(r'<span id="line-(\d+)" class="wrong">', page.text)}
        lines = {n for n, text in enumerate(written(slip).splitlines(), 1) if slip.at in text}
        assert wrong & lines, name
        assert slip.mend in html.unescape(page.text), name
