"""`onewindow` from a shell: guides, connectors, accounts, clients, keys and settings, as an operator types them."""

import os
import shutil
import sqlite3
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


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as `onewindow migrate` leaves it, to be copied."""
    directory = tmp_path_factory.mktemp("migrated")
    done = Shell(directory).run("migrate")
    assert done.returncode == 0, done.stderr
    return directory / "onewindow.db"


@pytest.fixture
def migrated(shell: Shell, migrated_file: Path, tmp_path: Path) -> Shell:
    shutil.copyfile(migrated_file, tmp_path / "onewindow.db")
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


def test_an_invitation_for_a_client_is_shown_once_checked_listed_and_withdrawn(migrated: Shell) -> None:
    invited = migrated.run("client", "invite", "某县平台", "--redirect-host", "*.county.example", "--uses", "2")
    assert invited.returncode == 0, invited.stderr
    assert "registration_endpoint http://127.0.0.1:8000/idp/register" in invited.stdout
    assert len(invited.stdout.split("initial_access_token ")[1].strip()) == 43
    token = invited.stdout.split("initial_access_token ")[1].strip()
    listed = migrated.run("client", "invitations").stdout
    assert "某县平台\t2 left" in listed
    assert token not in listed
    invitation = listed.split("\t")[0]
    assert migrated.run("client", "withdraw-invitation", invitation).returncode == 0
    assert "某县平台\tover" in migrated.run("client", "invitations").stdout
    assert "with uses left" in migrated.run("client", "withdraw-invitation", invitation).stderr
    for wrong in (("--scope", "openid everything"), ("--grant-type", "password"), ("--redirect-host", "https://x/")):
        refused = migrated.run("client", "invite", "x", "--redirect-host", "ok.example", *wrong)
        assert refused.returncode == 1, refused.stdout
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("client", "withdraw-invitation", "-sOmE_iD-"), "there is no '-sOmE_iD-'"),
        (("client", "disable", "--sOmE_iD"), "--sOmE_iD"),
        (("key", "retire", "-sOmE_iD"), "-sOmE_iD"),
    ],
)
def test_an_id_that_begins_with_a_hyphen_is_an_id(migrated: Shell, words: tuple[str, ...], says: str) -> None:
    refused = migrated.run(*words)
    assert refused.returncode == 1, refused.stderr
    assert says in refused.stderr


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


# ---- the audit and imports ----


def test_the_audit_is_listed_masked_and_verified(migrated: Shell, tmp_path: Path) -> None:
    person = ("--name", "王晓芸", "--unit", "u", "--unit-name", "中心", "--region", "320105007", "--role", "clerk")
    made = migrated.run("account", "add", "wang", *person, NEW_PASSWORD="three unrelated words 7")
    assert made.returncode == 0, made.stderr
    sub = made.stdout.split()[-1]
    migrated.run("account", "disable", "wang")
    listed = migrated.run("audit", "list", "--account", "wang")
    lines = [line.split("\t") for line in listed.stdout.splitlines()]
    assert [line[2] for line in lines] == ["account_created", "account_disabled"]
    assert [line[4] for line in lines] == ["command-line", "command-line"]
    assert sub not in listed.stdout
    assert "wang" not in listed.stdout
    assert sub in migrated.run("audit", "list", "--account", "wang", "--full").stdout
    assert migrated.run("audit", "list", "--account", "wang", "--since", "2199-01-01").stdout == ""
    verified = migrated.run("audit", "verify")
    assert (verified.returncode, "rows hold" in verified.stdout) == (0, True)
    kept = tmp_path / "kept"
    kept.write_text(migrated.run("audit", "checkpoint").stdout)
    assert migrated.run("audit", "verify", "--checkpoints", str(kept)).returncode == 0
    with sqlite3.connect(tmp_path / "onewindow.db") as database:
        database.execute("DROP TRIGGER idp_audit_no_update")
        database.execute("UPDATE idp_audit SET by = 'nobody' WHERE kind = 'account_disabled'")
    broken = migrated.run("audit", "verify")
    assert broken.returncode == 1
    assert f"Row {lines[1][0]} is not what was written there" in broken.stderr
    kept.write_text("nonsense")
    assert migrated.run("audit", "verify", "--checkpoints", str(kept)).returncode == 2


@pytest.mark.parametrize("words", [("worker",), ("serve", "--only", "portal")], ids=["worker", "portal"])
def test_a_part_that_could_not_hear_the_others_is_not_started(shell: Shell, words: tuple[str, ...]) -> None:
    """It would keep its own pace, hear of nothing but its own looks, and never see a captcha somebody has read."""
    refused = shell.run(*words)
    assert refused.returncode == 2
    assert "ONEWINDOW_REDIS_URL" in refused.stderr
    assert "onewindow serve" in refused.stderr


@pytest.mark.parametrize(
    "words", [("connector", "registrations", "--by", "root"), ("connector", "replay", "mz-elder", "--dry"), ("account", "list")]
)  # fmt: skip
def test_a_command_on_a_database_that_was_never_set_up_says_what_to_do(shell: Shell, words: tuple[str, ...]) -> None:
    refused = shell.run(*words)
    assert refused.returncode == 2
    assert "onewindow migrate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_accounts_are_imported_once_with_links_in_a_private_file(migrated: Shell, tmp_path: Path) -> None:
    sheet, links = tmp_path / "people.csv", tmp_path / "links.csv"
    head = "用户名,姓名,单位编号,单位名称,区划代码,角色\n"
    sheet.write_text(head + "anna,安娜,u,中心,320105007,综窗人员\nbo,,u,中心,3201,clerk\n", "gb18030")
    tried = migrated.run("account", "import", str(sheet), "--dry-run")
    assert tried.returncode == 1
    assert "line 3, name 姓名" in tried.stderr
    assert "anna" not in migrated.run("account", "list").stdout
    assert migrated.run("account", "import", str(sheet)).returncode == 2  # where would the links go
    done = migrated.run("account", "import", str(sheet), "--links", str(links))
    assert (done.returncode, links.stat().st_mode & 0o777) == (1, 0o600)
    assert links.read_text("utf-8-sig").splitlines()[1].startswith("anna,安娜,中心,http")
    assert "anna" in migrated.run("account", "list").stdout
    again = migrated.run("account", "import", str(sheet), "--links", str(tmp_path / "more.csv"))
    assert "0 to be made, 1 exist, 1 faults" in again.stdout
    assert migrated.run("account", "import", str(sheet), "--links", str(links)).returncode in (1, 2)
    assert "account_imported" in migrated.run("audit", "list", "--account", "anna").stdout
