"""Which tests a worker runs one after another, and in which order they are handed out.

What one file sets up once (a provider, the departments, a database server's tables) stands on one worker then, and
a whole installation on one: handing out test by test would start each of them on every worker.
Said by the ids, for that is all the controlling process knows of a test. pytest-xdist's own groups (`--dist loadgroup`)
reach it through an attribute that pytest 9.2 no longer has, and then do nothing without a word
(https://github.com/pytest-dev/pytest-xdist/issues/1386).
"""

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_INSTALLATION = re.compile(r"\[.*\b(embedded|full)-installation\b")


def shared_by(nodeid: str) -> str:
    """Return the name of what a test shares with others: the installation it visits, else its file."""
    visited = _INSTALLATION.search(nodeid)
    return f"{visited[1]} installation" if visited else nodeid.partition("::")[0]


class ByWhatIsShared(LoadScopeScheduling):
    """Hands out the installations first, then file by file in the order of collection.

    The largest stand at the front and the small unit tests at the end, so that the workers end together.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # it would go by the number of tests, which says nothing of their time
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return shared_by(nodeid)


class Standing:
    """A session's fixture that is ended when the next test does without it: a whole OneWindow costs CPU by existing."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: tuple[pytest.FixtureDef[object], pytest.FixtureRequest] | None = None

    def remember(self, fixture: "pytest.FixtureDef[object]", request: pytest.FixtureRequest) -> None:
        """Call when any fixture was set up."""
        if fixture.argname == self._name:
            self._made = fixture, request

    def end_before(self, following: pytest.Item | None) -> None:
        """Call when a test was torn down, with the one that comes next."""
        if self._made is not None and self._name not in getattr(following, "fixturenames", ()):
            fixture, request = self._made
            self._made = None
            fixture.finish(request)  # type: ignore[arg-type]  # the request it was set up with
