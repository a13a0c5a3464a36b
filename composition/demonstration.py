"""The demo: one process on an empty database, with 13 simulated departments beside it.

What the process itself needs is loaded inside, while the departments' process starts.
"""

import os
import sys
from collections.abc import Mapping

from composition.listening import listen
from config.clock import utc_now
from config.entry import ground, read_settings, run
from config.settings import Settings
from demo import launch
from demo.seed import demo_json


def run_demo(port: int) -> None:
    """Run until Ctrl-C; departments listen from 100 above `port`."""
    environment = launch.demo_environment(port, os.environ, at=utc_now())
    settings = read_settings(environment)
    listening = listen(settings.host, settings.port)
    client_secrets = launch.prepare_secrets(environment)

    async def main() -> None:
        from composition.demo_registrations import seed_demo
        from composition.preparing import prepare
        from composition.serving import serve_app
        from composition.web_app import compose

        async with ground(settings) as (engine, state):
            await prepare(settings, engine, state)
            await seed_demo(settings, engine, state, launch.first_port(environment), client_secrets)
            app = await compose(settings, engine, state)
            await serve_app(app, settings, listening, on_ready=lambda: _welcome(settings, environment, client_secrets))

    with launch.departments(environment, os.environ):
        run(main())


def _welcome(settings: Settings, environment: Mapping[str, str], client_secrets: Mapping[str, str]) -> None:
    facts = demo_json(
        base_url=settings.base_url,
        issuer=settings.issuer,
        first_port=launch.first_port(environment),
        client_secrets=client_secrets,
    )
    launch.write_facts(environment, facts)
    sys.stdout.write(launch.welcome(settings.base_url))
    sys.stdout.flush()
