"""The way one submission takes through a department's front door: latency, faults, opening hours, then the work."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import HTMLResponse, Response

from demo.faults.answers import BrokenLine, spoiled
from demo.faults.switch import BEFORE_COMMIT, Fault
from demo.ground.context import SystemContext
from demo.ground.hours import Hours
from demo.ground.latency import sample

Work = Callable[[], Awaitable[Response]]

BEFORE_THE_WORK = 0.6
"""The share of the latency that passes before the submission is stored; the rest lies between store and answer."""

OVERTAKEN_SECONDS = 0.5
"""How long an answer is kept back, so that what was decided meanwhile is told first."""


class Channel:
    """One system's front door. `closed` makes the answer it gives outside its hours."""

    def __init__(
        self,
        context: SystemContext,
        *,
        hours: Hours,
        closed: Callable[[], Response],
        slower: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._context, self._hours, self._closed, self._slower = context, hours, closed, slower
        self._taken = 0

    async def take(self, work: Work, *, faulty: bool = True) -> Response:
        """Do `work` the way the department does today; `faulty=False` for questions, which no fault switch touches."""
        fault = self._context.faults.take() if faulty else Fault.NONE
        latency = self._latency()
        await asyncio.sleep(latency * BEFORE_THE_WORK)
        if fault in BEFORE_COMMIT:
            return self._refuse(fault)
        if not self._hours.open_at(self._context.department_time()):
            return self._closed()
        answer = await work()
        await asyncio.sleep(latency * (1 - BEFORE_THE_WORK))
        return await self._spoil(fault, answer)

    def _latency(self) -> float:
        self._taken += 1
        dice = self._context.dice("latency", str(self._taken))
        today = sample(self._context.entry.latency, dice) * self._slower()
        return self._context.scaled(today).total_seconds()

    def _refuse(self, fault: Fault) -> Response:
        if fault is Fault.MAINTENANCE:
            return self._closed()
        if fault is Fault.HTTP_500:
            return HTMLResponse("<h1>500 Internal Server Error</h1>", status_code=500)
        return BrokenLine()

    async def _spoil(self, fault: Fault, answer: Response) -> Response:
        if fault is Fault.SLOW:
            seconds = self._context.faults.seconds
            patience = self._context.entry.latency.timeout.total_seconds() * 1.2
            await asyncio.sleep(patience if seconds is None else seconds)
        if fault is Fault.OUT_OF_ORDER:
            await asyncio.sleep(OVERTAKEN_SECONDS)
        return spoiled(fault, answer)
