"""A good answer over HTTP, spoiled: cut in half, said twice, in a foreign character set, an error inside, or without an end."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from demo.faults.switch import Fault

HUGE_BYTES: Final = 50 * 1024 * 1024
_A_PIECE: Final = b" " * 65_536
_DRIP_SECONDS: Final = 0.05
_SOAP_FAULT: Final = (
    '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    "<faultcode>soap:Server</faultcode><faultstring>ORA-00257</faultstring></soap:Fault></soap:Body></soap:Envelope>"
)


class BrokenLine(Response):
    """An answer that stops in the middle: the caller sees the connection end before the message does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"co', "more_body": True})


def spoiled(fault: Fault, answer: Response) -> Response:
    """Return what is said in place of `answer`, which was kept; itself for faults that are not about answers."""
    kind = answer.headers.get("content-type", "")
    match fault:
        case Fault.RESET_AFTER_COMMIT:
            return BrokenLine()
        case Fault.GARBLED:
            return HTMLResponse("<html><body>网关繁忙，请稍后再试</body></html>")
        case Fault.WRONG_CHARSET:
            # UTF-16 under the old label: unlike GBK in place of UTF-8 it shows in an answer of digits and Latin letters.
            return _same_head(answer, bytes(answer.body).decode("latin-1").encode("utf-16"))
        case Fault.HALF_FILE:
            return _same_head(answer, bytes(answer.body)[: len(answer.body) // 2])
        case Fault.TWICE:
            return _same_head(answer, bytes(answer.body) * 2)
        case Fault.ERROR_INSIDE:
            return _error_inside(kind)
        case Fault.HUGE:
            return StreamingResponse(_pieces(HUGE_BYTES), media_type=kind)
        case Fault.ENDLESS:
            return StreamingResponse(_drips(), media_type=kind)
        case _:
            return answer


def _same_head(answer: Response, content: bytes) -> Response:
    return Response(content, status_code=answer.status_code, headers={"content-type": answer.headers["content-type"]})


def _error_inside(kind: str) -> Response:
    """Return HTTP 200 with an error in the format of the interface, as a gateway in front of a broken server says it."""
    if "xml" in kind:
        return Response(_SOAP_FAULT, media_type="text/xml; charset=utf-8")
    if "html" in kind:
        return Response("<html><title>Server Error</title><body>ORA-00257</body></html>", media_type=kind)
    return Response(json.dumps({"code": -1, "success": False, "msg": "ORA-00257"}), media_type="application/json")


async def _pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // len(_A_PIECE)):
        yield _A_PIECE


async def _drips() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(_DRIP_SECONDS)
