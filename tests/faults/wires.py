"""The lines between OneWindow and everything it speaks to, each over a wire of ours that can be cut."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.servers.line import Line, with_port

DATABASE, REDIS = "database", "redis"
_SOCKET_OF_POSTGRESQL: Final = ".s.PGSQL.5432"


@dataclass(slots=True)
class Wires:
    """Lays a wire for each of `names`: a name of the endpoints file, `database` or `redis`. Sockets lie in `directory`."""

    names: Sequence[str]
    directory: Path
    laid: dict[str, Line] = field(default_factory=dict)

    def lay(self, name: str, address: str) -> str:
        """Return the address to use in place of `address`: over a wire, or itself."""
        if name not in self.names:
            return address
        parts = urlsplit(address)
        if parts.hostname is None and parts.scheme.startswith("postgresql"):
            return self._over_a_socket_of_postgresql(name, address, Path(parts.query.partition("host=")[2]))
        if parts.scheme == "unix":
            here = self.directory / name
            self.laid[name] = Line.start(parts.path, path=here)
            return f"unix://{here}"
        assert parts.port is not None, address
        self.laid[name] = Line.start(("127.0.0.1", parts.port))
        return with_port(address, self.laid[name].port)

    def stop(self) -> None:
        for line in self.laid.values():
            line.stop()

    def _over_a_socket_of_postgresql(self, name: str, address: str, there: Path) -> str:
        # The socket's directory is the address: a line is a socket of the same name in another directory.
        here = self.directory / name
        here.mkdir()
        self.laid[name] = Line.start(str(there / _SOCKET_OF_POSTGRESQL), path=here / _SOCKET_OF_POSTGRESQL)
        return address.partition("?")[0] + f"?host={here}"
