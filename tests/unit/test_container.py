"""The image and the composition, read as files: what they must never be."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
OURS = ("idp", "portal", "worker", "migrate")
SECRET_VARIABLES = ("ONEWINDOW_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")


def _instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(name).strip() for line in joined.splitlines() if line.startswith(f"{name} ")]


def _images() -> list[str]:
    bases = [line.split()[0] for line in _instructions("FROM")]
    return [*bases, *(service["image"] for service in COMPOSE["services"].values())]


def test_the_image_runs_as_nobody_of_importance() -> None:
    user, _, group = _instructions("USER")[-1].partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_the_image_installs_locked_hashed_wheels_and_nothing_else() -> None:
    installs = [line for line in _instructions("RUN") if re.search(r"\bpip3? install|apt-get|curl|wget", line)]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert "-r /tmp/requirements.lock" in installs[0]


def test_the_program_is_compiled_before_the_user_changes() -> None:
    assert DOCKERFILE.index("compileall") < DOCKERFILE.index("\nUSER ")


def test_the_image_tells_whether_it_is_healthy() -> None:
    (check,) = _instructions("HEALTHCHECK")
    assert "/healthz" in check


def test_no_secret_is_in_the_image() -> None:
    settings = " ".join(_instructions("ENV") + _instructions("ARG"))
    assert not re.search(r"SECRET|PASSWORD|TOKEN|_KEY", settings)


@pytest.mark.parametrize("image", _images())
def test_every_image_has_a_tag_that_is_not_latest(image: str) -> None:
    _name, _, tag = image.rpartition("/")[2].partition(":")
    assert re.match(r"^\d", tag), f"{image}: name a version"


def test_only_the_program_goes_into_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text().split("\n")
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    let_in = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert let_in.isdisjoint({"var", "tests", "demo", ".git", ".env", ".venv"})
    assert {
        "onewindow.py",
        "requirements.lock",
        "composition",
        "config",
        "idp",
        "matters",
        "connectors",
        "portal",
    } <= let_in


@pytest.mark.parametrize("variable", SECRET_VARIABLES)
def test_compose_refuses_to_start_without_each_secret(variable: str) -> None:
    uses = re.findall(rf"\$\{{{variable}(.*?)\}}", COMPOSE_TEXT)
    assert uses
    assert all(use.startswith(":?") for use in uses), f"{variable} must have no default"


def test_the_processes_run_apart_against_postgresql_and_redis() -> None:
    services = COMPOSE["services"]
    assert {*OURS, "postgres", "redis"} <= services.keys()
    assert services["idp"]["command"] == ["serve", "--only", "idp"]
    assert services["portal"]["command"] == ["serve", "--only", "portal"]
    assert services["worker"]["command"] == ["worker"]
    for name in OURS:
        environment = services[name]["environment"]
        assert environment["ONEWINDOW_DATABASE_URL"].startswith("postgresql+asyncpg://")
        assert environment["ONEWINDOW_REDIS_URL"].startswith("redis://")


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_as_little_as_possible(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_databases_are_not_reachable_from_outside() -> None:
    for name in ("postgres", "redis"):
        assert "ports" not in COMPOSE["services"][name]
        assert COMPOSE["services"][name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_environment_holds_known_settings_only() -> None:
    from config.settings import PREFIX, Settings

    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = set(COMPOSE["services"]["portal"]["environment"])
    in_image = set(re.findall(r"(ONEWINDOW_\w+)=", DOCKERFILE))
    assert given | in_image <= known
