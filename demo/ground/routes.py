"""The addresses every simulated system has for tests: what was received, how to misbehave, not to wait for a scan."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.faults.switch import Fault
from demo.ground.context import SystemContext

LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})


def ground_routes(context: SystemContext) -> list[BaseRoute]:
    """Return `GET /received[?number=]`, `GET|POST /faults` and `POST /scan` (of tables and files) of one system."""

    async def received(request: Request) -> Response:
        receipts = await context.store.receipts(request.query_params.get("number"))
        return JSONResponse(
            [
                {
                    "number": receipt.number,
                    "times": receipt.times,
                    "seen": receipt.seen,
                    "first_at": receipt.first_at.astimezone(SHANGHAI).isoformat(timespec="milliseconds"),
                    "payload_sha256": receipt.payload_sha256,
                }
                for receipt in receipts
            ]
        )

    async def show_faults(_request: Request) -> Response:
        return JSONResponse({"mode": context.faults.mode, "times": context.faults.times})

    async def set_faults(request: Request) -> Response:
        if request.client is None or request.client.host not in LOOPBACK:
            return JSONResponse({"error": "only from this machine"}, status_code=403)
        wanted = await request.json()
        try:
            mode, times = Fault(wanted["mode"]), int(wanted.get("times", 1))
            seconds = None if wanted.get("seconds") is None else float(wanted["seconds"])
        except (KeyError, TypeError, ValueError):
            return JSONResponse({"error": f"mode is one of {', '.join(Fault)}; times is a number"}, status_code=400)
        context.faults.set(mode, times, seconds)
        return await show_faults(request)

    async def scan(request: Request) -> Response:
        if request.client is None or request.client.host not in LOOPBACK:
            return JSONResponse({"error": "only from this machine"}, status_code=403)
        context.scan_now.set()
        return JSONResponse({})

    return [
        Route("/received", received),
        Route("/scan", scan, methods=["POST"]),
        Route("/faults", show_faults, methods=["GET"]),
        Route("/faults", set_faults, methods=["POST"]),
    ]
