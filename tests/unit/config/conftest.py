"""Fixtures of the tests for config."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logs import configure


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error as configured logs write to it; the process's own set-up is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure(level="info", form="json")
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
