"""npm `oidc-provider`, the strongest peer that runs here, set up in tests/npm/provider.mjs."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode, urljoin

import httpx2
from joserfc.jwk import ECKey

from tests.bench.contender import CHALLENGE, REDIRECT_URI, Contender
from tests.servers.child import start_child, stop_child, wait_until
from tests.servers.node_packages import FOLDER, node
from tests.servers.valkey import Valkey

_CLIENT_ID = "bench-rp"
_CLIENT_SECRET = "Yw3sT8mZq1vKx5nB7cR2pL9dF4hJ6gUa"  # known to this measurement only
_PATHS = {
    "authorization_endpoint": "/auth",
    "token_endpoint": "/token",
    "userinfo_endpoint": "/me",
    "introspection_endpoint": "/token/introspection",
}


@contextmanager
def memory(port: int) -> Iterator[Contender]:
    """One process with its adapter in memory."""
    with _running([port], "") as pids:
        yield _signed_in(_contender("oidc-provider, memory", [port], pids, 0))


@contextmanager
def redis(port: int, workers: int) -> Iterator[Contender]:
    """`workers` processes on one Redis, at `port` and above."""
    valkey = Valkey.start()
    try:
        ports = [port + n for n in range(workers)]
        with _running(ports, str(valkey.directory / "socket")) as pids:
            name = f"oidc-provider, Redis, {workers} process{'es' if workers > 1 else ''}"
            yield _signed_in(_contender(name, ports, pids, valkey.child.pid))
    finally:
        valkey.stop()


def _contender(name: str, ports: Sequence[int], pids: Sequence[int], store_pid: int) -> Contender:
    return Contender(
        name=name, addresses=[f"http://127.0.0.1:{port}" for port in ports], pids=pids, paths=_PATHS,
        client_id=_CLIENT_ID, client_secret=_CLIENT_SECRET, store_pid=store_pid,
        knows_offline_access=False,
    )  # fmt: skip


@contextmanager
def _running(ports: Sequence[int], socket: str) -> Iterator[list[int]]:
    program = node()
    jwk = ECKey.generate_key("P-256", {"kid": "peer", "alg": "ES256", "use": "sig"}).as_dict(private=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ow-peer-")))
        pids = []
        for port in ports:
            facts = {
                "port": port, "issuer": f"http://127.0.0.1:{ports[0]}", "client_id": _CLIENT_ID,
                "client_secret": _CLIENT_SECRET, "redirect_uri": REDIRECT_URI, "jwks": {"keys": [jwk]},
                "cookie_key": "a key of this measurement", "redis": socket,
            }  # fmt: skip
            file, log = directory / f"{port}.json", directory / f"{port}.log"
            file.write_text(json.dumps(facts))
            environment = {"PATH": os.environ["PATH"], "NODE_ENV": "production"}
            with log.open("wb") as output:
                child = start_child(
                    [program, FOLDER / "provider.mjs", file], output=output, cwd=FOLDER, env=environment
                )
            stack.callback(stop_child, child, signal.SIGTERM)
            _wait(child, port, log)
            pids.append(child.pid)
        yield pids


def _wait(child: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    def answers() -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration").status_code == 200
        except httpx2.TransportError:
            return False

    wait_until(answers, child, log=log, within_seconds=60)


def _signed_in(contender: Contender) -> Contender:
    """Go through its interaction, which asks nothing here, and keep the browser's cookies."""
    query = urlencode({
        "response_type": "code", "client_id": _CLIENT_ID, "redirect_uri": REDIRECT_URI, "scope": "openid profile",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    })  # fmt: skip
    base = contender.addresses[0]
    with httpx2.Client(timeout=30) as http:
        address = f"{base}/auth?{query}"
        for _ in range(5):
            answer = http.get(address)
            address = urljoin(base, answer.headers.get("location", ""))
            if address.startswith(REDIRECT_URI):
                break
        else:
            raise RuntimeError(f"the peer did not sign in: {answer.status_code} {answer.text[:300]}")
        contender.cookie = "; ".join(
            f"{cookie.name}={cookie.value}" for cookie in http.cookies.jar if cookie.path == "/"
        )
    return contender
