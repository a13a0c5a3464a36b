"""A person at the desk of a running demo who reads the picture at a department's log-in, once it is asked for."""

from contextlib import closing
from time import monotonic, sleep

from demo.seed import DEMO_PASSWORD
from tests.doubles.captcha_reader import read_digits
from tests.servers.installation import Installation
from tests.servers.visitor import Visitor


class NobodyAsked(Exception):
    """The desk did not show that system's log-in in time."""


def log_in_at(installation: Installation, system: str, *, within_seconds: float = 60) -> None:
    """Sign in as a clerk, wait until the desk asks for the picture of `system`, read and type it.

    Raises:
        NobodyAsked: the desk never asked.
    """
    page_of = f"{installation.base_url}/desk/log-ins/{system}"
    with closing(Visitor.come()) as clerk:
        clerk.sign_in(installation.base_url, "clerk", DEMO_PASSWORD)
        until = monotonic() + within_seconds
        while not any(system in link for link in clerk.get(f"{installation.base_url}/desk").links):
            if monotonic() > until:
                raise NobodyAsked(system)
            sleep(0.2)
        page = clerk.get(page_of)
        picture = clerk.picture(f"{page_of}/picture")
        form = page.form(having="text")
        after = clerk.submit(page, form, {"text": read_digits(picture)})
        assert after.url.endswith("/desk"), after.text
