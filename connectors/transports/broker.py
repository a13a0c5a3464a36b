"""Redis Streams as a broker: publishing once, taking as a consumer group, acknowledging what is kept.

A client of ours never repeats a command by itself: a published message whose answer was lost may be in, and only a
lookup can tell.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from config.cancelling import heeding
from connectors.secrets_dir import Secrets, read_secret
from connectors.spec_message_queue import MessageQueueSpec

MOST_AT_ONCE: Final = 200
AT_A_TIME: Final = 10
_REFUSED: Final = (AuthenticationError, NoPermissionError)


class BrokerRefused(Exception):
    """`error` is connect (nothing was published), connection_lost or timeout (it may have been), or log_in."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a topic, as it stands there."""

    id: str
    content: bytes = field(repr=False)


class _Account(CredentialProvider):
    """The channel's account, read at each connection, so that a changed password needs no restart."""

    def __init__(self, username: str, password: str, secrets: Secrets) -> None:
        self._username, self._password, self._secrets = username, password, secrets

    def get_credentials(self) -> tuple[str, str]:
        return self._username, read_secret(self._secrets, self._password, bytes.decode)

    async def get_credentials_async(self) -> tuple[str, str]:
        return self.get_credentials()


class Broker:
    """The topics of one system."""

    def __init__(
        self, url: str, spec: MessageQueueSpec, secrets: Secrets, *, consumer: str, seconds: float, most_bytes: int
    ) -> None:
        account = None
        if spec.password is not None:
            account = _Account(spec.username or "default", spec.password, secrets)
        self._spec = spec
        self._consumer = consumer
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._redis = cast(
            Any,
            Redis.from_url(
                url,
                credential_provider=account,
                socket_timeout=seconds,
                socket_connect_timeout=min(seconds, 5.0),
                retry=Retry(NoBackoff(), 0),
                max_connections=16,
            ),
        )

    async def publish(self, content: bytes) -> str:
        """Put a message into the request topic; return the id the broker gave it.

        Raises:
            BrokerRefused: see there.
        """
        await self._reach()
        try:
            async with asyncio.timeout(self._seconds):
                entry: bytes = await heeding(self._redis.xadd(self._spec.request_topic, {self._spec.field: content}))
        except ResponseError:
            # It was read and refused (out of memory, read only): nothing was published.
            raise BrokerRefused("connect") from None
        except TimeoutError:
            raise BrokerRefused("timeout") from None
        except (RedisError, OSError):
            raise BrokerRefused("connection_lost") from None
        return entry.decode()

    async def take(self) -> Sequence[Entry]:
        """Return what waits in the response topic: first what a worker took and never finished, then what is new.

        Raises:
            BrokerRefused: the broker is away.
        """
        await self._reach()
        taken: list[Entry] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._make_group()
                async with aclosing(self._coming()) as coming:
                    async for entry in coming:
                        taken.append(entry)
                        if len(taken) == MOST_AT_ONCE:
                            break
        except (RedisError, OSError, TimeoutError):
            if not taken:
                raise BrokerRefused("connection_lost") from None
        return taken

    async def _coming(self) -> AsyncGenerator[Entry]:
        """Read a few at a time, so that a topic full of huge messages is never in memory as a whole."""
        spec, begin = self._spec, "0-0"
        while True:
            begin, left, *_ = await heeding(
                self._redis.xautoclaim(
                    spec.response_topic,
                    spec.group,
                    self._consumer,
                    min_idle_time=round(spec.take_over_seconds * 1000),
                    start_id=begin,
                    count=AT_A_TIME,
                )
            )
            for entry in self._entries(left):
                yield entry
            if begin in (b"0-0", "0-0"):
                break
        while new := await heeding(
            self._redis.xreadgroup(spec.group, self._consumer, {spec.response_topic: ">"}, count=AT_A_TIME)
        ):
            for _, found in new:
                for entry in self._entries(found):
                    yield entry

    async def acknowledge(self, ids: Sequence[str]) -> None:
        """Tell the broker that these are kept; what is not acknowledged comes again."""
        if not ids:
            return
        try:
            async with asyncio.timeout(self._seconds):
                await heeding(self._redis.xack(self._spec.response_topic, self._spec.group, *ids))
        except (RedisError, OSError, TimeoutError):
            raise BrokerRefused("connection_lost") from None

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def _reach(self) -> None:
        """Fail before anything is said, where the broker is away or doesn't know us."""
        try:
            async with asyncio.timeout(self._seconds):
                await heeding(self._redis.ping())
        except (RedisError, OSError, TimeoutError) as error:
            # A refused log-in comes wrapped in a connection error.
            is_refused = isinstance(error, _REFUSED) or isinstance(error.__cause__, _REFUSED)
            raise BrokerRefused("log_in" if is_refused else "connect") from None

    async def _make_group(self) -> None:
        try:
            await heeding(self._redis.xgroup_create(self._spec.response_topic, self._spec.group, id="0", mkstream=True))
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _entries(self, found: Sequence[Any]) -> list[Entry]:
        """Return entries that still hold something; one that was trimmed away while it waited has no fields."""
        wanted = self._spec.field.encode()
        most = self._most_bytes + 1  # enough to tell that it is too large
        return [Entry(id_.decode(), fields.get(wanted, b"")[:most]) for id_, fields in found if fields]
