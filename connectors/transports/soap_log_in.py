"""The session of a service that wants a log-in first: kept until it ends, fetched by one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.expression import Expression
from connectors.extracting import extract
from connectors.outcomes import Answer
from connectors.predicates import Predicate
from connectors.secrets_dir import Secrets, read_secret
from connectors.spec_soap import LogInSpec

LogIn = Callable[[str, Mapping[str, object]], Awaitable[Answer]]
"""Makes the call of that name with those arguments."""


class LogInRefused(Exception):
    """No session was given; `answer` is what the department said. The case itself was not sent."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.error or f"http_{answer.http_status}")
        self.answer = answer


@dataclass(slots=True)
class Sessions:
    """The session of one system in this worker."""

    spec: LogInSpec
    succeeded: Predicate
    session: Expression
    secrets: Secrets
    log_in: LogIn
    _held: str = field(default="", repr=False)
    _until: datetime | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self, at: datetime, *, not_this: str = "") -> str:
        """Return a session good at `at`; `not_this` is one the department just called ended.

        Raises:
            LogInRefused: there is none to be had.
            SecretMissing: the password is not in the deployment.
        """
        async with self._lock:
            is_good = self._held and self._held != not_this and self._until is not None and at < self._until
            if not is_good:
                await self._fetch(at)
            return self._held

    async def _fetch(self, at: datetime) -> None:
        password = read_secret(self.secrets, self.spec.password, bytes.decode)
        arguments = {self.spec.username_argument: self.spec.username, self.spec.password_argument: password}
        answer = await self.log_in(self.spec.call, arguments)
        variables = answer.variables()
        session = extract(self.session, variables) if self.succeeded.holds(variables) else ""
        if not session:
            raise LogInRefused(answer)
        self._held, self._until = session, at + timedelta(seconds=self.spec.lasts_seconds)
