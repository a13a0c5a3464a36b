"""What a single sign-on costs over HTTP: authorize with a session → code → token → userinfo.

CPU time is that of the whole server process, the web server with it.
"""

from collections.abc import Callable
from time import perf_counter

from tests.bench.table import ms, show
from tests.servers.cpu import seconds_used
from tests.servers.installation import Installation
from tests.servers.relying_party import RelyingParty
from tests.servers.visitor import Visitor

_WARM_UPS = 50
_FLOWS = 500


def measure(installation: Installation, backend: str) -> None:
    """Print the table of flows over HTTP."""
    person, client = _signed_in(installation), RelyingParty.of(installation)
    client.agree(person)
    steps = {"authorize": 0.0, "token": 0.0, "userinfo": 0.0}
    cpu, wall = dict(steps), dict(steps)
    for _ in range(_WARM_UPS):
        _flow(person, client)
    before, began = seconds_used(installation.child.pid), perf_counter()
    for _ in range(_FLOWS):
        _flow(person, client)
    whole_cpu, whole_wall = seconds_used(installation.child.pid) - before, perf_counter() - began
    for step in steps:
        cpu[step], wall[step] = _step_alone(installation, person, client, step)
    rows = [("whole flow", ms(whole_cpu / _FLOWS), ms(whole_wall / _FLOWS))]
    rows += [(step, ms(cpu[step]), ms(wall[step])) for step in steps]
    show(
        f"Single sign-on over HTTP, {backend}, {_FLOWS} flows one after another, ms each",
        ("step", "server CPU", "time seen by the caller"),
        rows,
    )
    person.close()
    client.close()


def _signed_in(installation: Installation) -> Visitor:
    person, account = Visitor.come(), installation.account("clerk")
    person.sign_in(installation.base_url, account["username"], account["password"])
    return person


def _flow(person: Visitor, client: RelyingParty) -> None:
    flow = client.begin()
    tokens = client.redeem(flow, person.redirect_of(flow.address))
    client.userinfo(tokens["access_token"])


def _step_alone(installation: Installation, person: Visitor, client: RelyingParty, step: str) -> tuple[float, float]:
    """Return CPU and wall seconds of one step, everything it needs made ready before the clock starts."""
    calls = [_prepared(person, client, step) for _ in range(_FLOWS)]
    before, began = seconds_used(installation.child.pid), perf_counter()
    for call in calls:
        call()
    return (seconds_used(installation.child.pid) - before) / _FLOWS, (perf_counter() - began) / _FLOWS


def _prepared(person: Visitor, client: RelyingParty, step: str) -> Callable[[], object]:
    flow = client.begin()
    if step == "authorize":
        return lambda: person.redirect_of(flow.address)
    answer = person.redirect_of(flow.address)
    if step == "token":
        return lambda: client.redeem(flow, answer)
    access_token = client.redeem(flow, answer)["access_token"]
    return lambda: client.userinfo(access_token)
