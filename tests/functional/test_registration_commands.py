"""`onewindow connector register | move | registrations`: the life of a version from a shell, by named accounts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config/systems/wj-birth.yaml"
# One process for the whole sequence: each command's own start would take longer than all they do.
TYPING = """
import json, sys
from typer.testing import CliRunner
import onewindow
from composition.package_commands import add_commands_of_packages
add_commands_of_packages(onewindow.cli, "")
typed = []
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(onewindow.cli, words)
    typed.append([done.exit_code, done.output])
print(json.dumps(typed), file=open(sys.argv[2], "w"))
"""


def typed(directory: Path, *commands: list[str]) -> list[tuple[int, str]]:
    """Type commands one after another; return exit code and output of each."""
    answer = directory / "typed.json"
    (directory / "endpoints.yaml").write_text("wj-birth: http://127.0.0.1:9\n")
    secrets = directory / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "wj-birth.token").write_text("token")
    done = subprocess.run(
        [sys.executable, "-c", TYPING, json.dumps(commands), str(answer)],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ONEWINDOW_SECRET_KEY": "kJ8sd92mZqpW03nvXcY71LrTbHfGe5Ua-Io",
            "ONEWINDOW_VAR_DIR": str(directory),
            "ONEWINDOW_DATABASE_URL": f"sqlite+aiosqlite:///{directory / 'onewindow.db'}",
            "ONEWINDOW_SECRETS_DIR": str(secrets),
            "ONEWINDOW_ENDPOINTS_FILE": str(directory / "endpoints.yaml"),
            "ONEWINDOW_LOG_LEVEL": "error",
            "NEW_PASSWORD": "Yiqi-Banshi-2026-Nan",
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return [(code, output) for code, output in json.loads(answer.read_text())]


def account(username: str, role: str) -> list[str]:
    words = ["--name", username, "--unit", "u", "--unit-name", "单位", "--region", "32", "--role", role]
    return ["account", "add", username, *words]


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The shipped spec with another timeout, and an example of its operation."""
    document = yaml.safe_load(SHIPPED.read_text("utf-8"))
    document["latency"]["timeout_ms"] += 1
    (operation,) = document["operations"]
    given = {"case": {"number": "C1"}, "form": {}}
    document["operations"][operation]["request"]["required"] = []
    document["operations"][operation]["request"]["body"] = {"outCaseNo": "case.number"}
    document["examples"] = [
        {
            "name": "报送", "operation": operation, "given": given, "sends": {"outCaseNo": "C1"},
            "answers": [{"status": 401, "class": "auth"}],
        }
    ]  # fmt: skip
    file = tmp_path / "wj-birth.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return file


def test_a_version_goes_from_a_file_to_service_by_two_people(tmp_path: Path, changed: Path) -> None:
    move = ["connector", "move", "wj-birth", "2"]
    by, other = ["--by", "qian"], ["--by", "sun"]
    _, *made, shipped, registered, unnamed, clerk, early, tested, same, approved, elsewhere, live, listed, text = typed(
        tmp_path,
        ["migrate"],
        account("qian", "owner"),
        account("sun", "owner"),
        account("zhao", "clerk"),
        ["connector", "registrations", *by],
        ["connector", "register", str(changed), *by, "--reason", "超时放宽"],
        [*move, "tested", "--by", "nobody"],
        [*move, "tested", "--by", "zhao"],
        [*move, "live", *by, "--reason", "试试"],
        [*move, "tested", *by],
        [*move, "approved", *by, "--reason", "自己批"],
        [*move, "approved", *other, "--reason", "核对过"],
        [*move, "canary", *by, "--reason", "别处试试", "--region", "310101"],
        [*move, "live", *by, "--reason", "上线"],
        ["connector", "registrations", "wj-birth", *by],
        ["connector", "registered", "wj-birth", "2", *by],
    )
    assert [code for code, _ in made] == [0, 0, 0], made
    assert "wj-birth\t1\tlive\tshipped" in shipped[1]
    assert registered[0] == 0, registered
    assert "wj-birth\t2\tdraft\tperson" in registered[1]
    assert (unnamed[0], clerk[0], early[0], same[0]) == (1, 1, 1, 1)
    assert "no such account" in unnamed[1]
    assert "may not do this" in clerk[1]
    assert "illegal_move" in early[1]
    assert tested[0] == 0, tested
    assert "same_person" in same[1]
    assert (elsewhere[0], "regions_outside" in elsewhere[1], "310101" in elsewhere[1]) == (1, True, True), elsewhere
    assert [approved[0], live[0]] == [0, 0], (approved, live)
    lines = listed[1].splitlines()
    assert lines[0].startswith("wj-birth\t2\tlive")
    assert lines[1].startswith("wj-birth\t1\tsuperseded")
    steps = {tuple(line.split("\t")[1:5]) for line in lines[2:]}
    assert steps == {
        ("1", "- → live", "OneWindow", "随安装提供 / shipped with the installation"),
        ("2", "- → draft", "qian", "超时放宽"),
        ("2", "draft → tested", "qian", ""),
        ("2", "tested → approved", "sun", "核对过"),
        ("2", "approved → live", "qian", "上线"),
        ("1", "live → superseded", "qian", "→ 2"),
    }
    assert text[1] == changed.read_text("utf-8")
