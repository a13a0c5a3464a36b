"""Templates compiled once in a test process, for every app made in it; an app in service compiles them once anyhow."""

from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket


class InMemory(BytecodeCache):
    """Keeps compiled templates by file and source."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code


def share() -> None:
    """Let every environment made from now on share what is compiled, unless it brings a cache of its own."""
    shared, make = InMemory(), Environment.__init__

    def with_shared(self: Environment, *args: Any, bytecode_cache: BytecodeCache | None = None, **more: Any) -> None:
        make(self, *args, bytecode_cache=bytecode_cache or shared, **more)

    Environment.__init__ = with_shared  # type: ignore[method-assign]
