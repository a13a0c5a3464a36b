"""How tests are handed to the workers (tests/scheduling.py), tried with real workers on tests of our own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scheduling import shared_by

ROOT = Path(__file__).parents[2]
CONFTEST = """
import os

import pytest

from tests.scheduling import ByWhatIsShared, Standing

standing = Standing("installation")
LOG = os.path.join(os.path.dirname(__file__), "log")


def note(*words):
    with open(LOG, "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], *words, file=file)


def pytest_xdist_make_scheduler(config, log):
    return ByWhatIsShared(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    made = yield
    standing.remember(fixturedef, request)
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(nextitem):
    done = yield
    standing.end_before(nextitem)
    return done


@pytest.fixture(
    scope="session", params=[pytest.param(name, id=f"{name}-installation") for name in ("embedded", "full")]
)
def installation(request):
    note("starts", request.param)
    yield request.param
    note("ends", request.param)


@pytest.fixture(scope="module")
def shared(request):
    note("shares", request.path.name)
"""
VISITS = "import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_visit(installation, n): pass\n"
SHARES = "import pytest\n@pytest.mark.parametrize('n', range(9))\ndef test_own(shared, n): pass\n"


@pytest.mark.parametrize(
    ("nodeid", "shared"),
    [
        ("tests/unit/a/test_b.py::test_c", "tests/unit/a/test_b.py"),
        ("tests/unit/a/test_b.py::test_c[full-1]", "tests/unit/a/test_b.py"),
        ("tests/browser/test_b.py::test_c[full-installation-chromium]", "full installation"),
        ("tests/browser/test_b.py::test_c[phone-embedded-installation]", "embedded installation"),
    ],
)
def test_a_test_shares_the_installation_it_visits_else_its_file(nodeid: str, shared: str) -> None:
    assert shared_by(nodeid) == shared


def test_an_installation_stands_on_one_worker_and_ends_when_nobody_needs_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for name, text in {"a_visits": VISITS, "b_visits": VISITS, "c": SHARES, "d": SHARES, "e": SHARES}.items():
        (tmp_path / f"test_{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider",
         "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, check=False, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    notes = [line.split(maxsplit=1) for line in (tmp_path / "log").read_text().splitlines()]
    words = [word for _, word in notes]
    assert sorted(words) == sorted(
        [f"{what} {name}" for what in ("starts", "ends") for name in ("embedded", "full")]
        + [f"shares test_{name}.py" for name in "cde"]
    )
    workers = {word: worker for worker, word in notes}
    assert workers["starts embedded"] != workers["starts full"]
    for name in ("embedded", "full"):
        of_the_same = [word for worker, word in notes if worker == workers[f"starts {name}"]]
        assert of_the_same[:2] == [f"starts {name}", f"ends {name}"]
