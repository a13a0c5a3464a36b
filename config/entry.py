"""How a process of ours begins and ends: settings read, engine and state store opened, one event loop."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from config.settings import Settings
    from config.state import StateStore


def read_settings(environ: Mapping[str, str]) -> "Settings":
    """Return the settings of the environment, or end the process with one line per variable that does not hold."""
    from config import logs
    from config.settings import Settings, SettingsRefused

    try:
        settings = Settings.from_env(environ)
    except SettingsRefused as refused:
        sys.stderr.write(f"未启动，请先改正设置。 Not started; mend these settings:\n{refused}\n")
        sys.exit(2)
    logs.configure(level=settings.log_level, form=settings.log_format)
    return settings


def refuse_alone(settings: "Settings", what: str) -> None:
    """End a process that is one of several when it could not hear the others: their store is not shared (decision 102)."""
    if settings.redis_url.get_secret_value():
        return
    sys.stderr.write(
        f"未启动：{what} 与其他进程分开运行，需要共用状态存储，请设置 ONEWINDOW_REDIS_URL；只有一个进程时请运行 onewindow serve。\n"
        f"Not started: {what} runs apart from other processes and needs the state store they share. "
        "Set ONEWINDOW_REDIS_URL, or run everything in one process with: onewindow serve\n"
    )
    sys.exit(2)


@asynccontextmanager
async def ground(settings: "Settings") -> AsyncIterator[tuple["AsyncEngine", "StateStore"]]:
    """Open the engine and the state store this process stands on, and close both at the end."""
    from config.storage.sql import create_engine

    settings.var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(settings.database_url.get_secret_value())
    redis_url = settings.redis_url.get_secret_value()
    state = _state_store(redis_url)
    try:
        yield engine, state
    finally:
        await state.aclose()
        await engine.dispose()


@asynccontextmanager
async def ground_of_command(settings: "Settings") -> AsyncIterator[tuple["AsyncEngine", "StateStore"]]:
    """Do as `ground` for one command; a database that is away or was never set up ends it with what to do."""
    from config.storage.sql import UNUSABLE

    try:
        async with ground(settings) as opened:
            yield opened
    except UNUSABLE as error:
        cause = str(getattr(error, "orig", error)).splitlines()[0]
        sys.stderr.write(
            f"数据库不能使用：{cause}\n请检查 ONEWINDOW_DATABASE_URL，并先运行 onewindow migrate。\n"
            "The database can't be used. Check ONEWINDOW_DATABASE_URL, and run onewindow migrate first.\n"
        )
        sys.exit(2)


def _state_store(redis_url: str) -> "StateStore":
    # Each is loaded where it is used: the Redis client takes long to import, and a small centre has none.
    if redis_url:
        from config.storage.redis_state import RedisStateStore

        return RedisStateStore(redis_url)
    from config.storage.memory_state import MemoryStateStore

    return MemoryStateStore()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on uvloop; a process ended by Ctrl-C exits with 130, without a traceback."""
    import uvloop

    try:
        uvloop.run(main)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
