"""`onewindow` from a shell: guides, connectors, accounts, clients, keys and settings, as an operator types them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRET = "kJ8sd92mZqpW03nvXcY71LrTbHfGe5Ua-Io"


class Shell:
    def __init__(self, directory: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "ONEWINDOW_SECRET_KEY": SECRET,
            "ONEWINDOW_VAR_DIR": str(directory),
            "ONEWINDOW_DATABASE_URL": f"sqlite+aiosqlite:///{directory / 'onewindow.db'}",
            "ONEWINDOW_LOG_LEVEL": "warning",
        }

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, ROOT / "onewindow.py", *words],
            cwd=ROOT,
            env=self._environment | more,
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def migrated(shell: Shell) -> Shell:
    done = shell.run("migrate")
    assert done.returncode == 0, done.stderr
    return shell


def test_guide_lint_finds_no_error_in_the_declared_matters(shell: Shell) -> None:
    linted = shell.run("guide", "lint")
    assert linted.returncode == 0, linted.stdout
    assert "32 项事项 matters: 0 个错误 errors" in linted.stdout


def test_guide_lint_refuses_a_vague_material_by_place_and_name(shell: Shell, tmp_path: Path) -> None:
    text = (ROOT / "config" / "matters" / "04-temporary-assistance.yaml").read_text("utf-8")
    (tmp_path / "04-temporary-assistance.yaml").write_text(text.replace("name: 诚信承诺书", "name: 其他材料"), "utf-8")
    linted = shell.run("guide", "lint", str(tmp_path))
    assert linted.returncode == 1
    assert "guide/materials/3/name" in linted.stdout
    assert "其他材料" in linted.stdout


def test_guide_lint_names_file_and_element_of_a_missing_element(shell: Shell, tmp_path: Path) -> None:
    text = (ROOT / "config" / "matters" / "25-birth-registration.yaml").read_text("utf-8")
    (tmp_path / "25-birth-registration.yaml").write_text(text.replace("\n  faq:", "\n  questions:"), "utf-8")
    linted = shell.run("guide", "lint", str(tmp_path))
    assert linted.returncode == 1
    assert "25-birth-registration" in linted.stderr
    assert "faq" in linted.stderr
    assert "Traceback" not in linted.stderr


def test_connector_lint_names_file_line_and_what_was_expected(shell: Shell, tmp_path: Path) -> None:
    text = (ROOT / "config" / "systems" / "mz-elder.yaml").read_text("utf-8")
    (tmp_path / "mz-elder.yaml").write_text(text.replace("transport: rest_json", "transport: telepathy"), "utf-8")
    linted = shell.run("connector", "lint", str(tmp_path))
    assert linted.returncode == 1
    assert "mz-elder.yaml:" in linted.stderr
    assert "transport" in linted.stderr
    assert shell.run("connector", "lint").returncode == 0


def test_an_account_is_made_listed_stopped_and_started(migrated: Shell) -> None:
    added = migrated.run(
        "account", "add", "zhao", "--name", "赵一", "--unit", "320105007-bmfw", "--unit-name", "云桥街道便民服务中心",
        "--region", "320105007", "--role", "clerk", NEW_PASSWORD="a long enough one",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert "zhao\t赵一\t320105007-bmfw\t320105007\tclerk\n" in migrated.run("account", "list").stdout
    assert migrated.run("account", "disable", "zhao").returncode == 0
    assert "clerk (disabled)" in migrated.run("account", "list").stdout
    assert migrated.run("account", "enable", "zhao").returncode == 0
    refused = migrated.run("account", "roles", "zhao", "emperor")
    assert refused.returncode == 1
    assert "emperor" in refused.stderr


def test_a_client_s_secret_is_shown_once_and_never_listed(migrated: Shell) -> None:
    added = migrated.run("client", "add", "my-system", "--name", "我的系统", "--redirect-uri", "https://my.example/cb")
    assert added.returncode == 0, added.stderr
    secret = added.stdout.split("client_secret ")[1].strip()
    assert len(secret) >= 32
    listed = migrated.run("client", "list").stdout
    assert "my-system\t我的系统" in listed
    assert "onewindow-portal" in listed
    assert secret not in listed


def test_a_client_with_an_unsafe_redirect_uri_is_refused(migrated: Shell) -> None:
    refused = migrated.run("client", "add", "bad", "--name", "x", "--redirect-uri", "javascript:alert(1)")
    assert refused.returncode == 1
    assert "redirect_uri" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_settings_are_listed_without_any_value_of_this_installation(shell: Shell) -> None:
    listed = shell.run("settings").stdout
    assert "ONEWINDOW_SECRET_KEY" in listed
    assert SECRET not in listed


def test_docs_operating_names_every_setting(shell: Shell) -> None:
    document = (ROOT / "docs" / "operating.md").read_text("utf-8")
    names = [line for line in shell.run("settings").stdout.splitlines() if line.startswith("ONEWINDOW_")]
    assert len(names) > 15
    for name in names:
        group, _, last = name.rpartition("_")
        assert name in document or f"…_{last}" in document or f"{group.removeprefix('ONEWINDOW')}" in document, name
