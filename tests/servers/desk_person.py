"""A person at the desk of a running demo who reads the picture at a department's log-in, once it is asked for."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic, sleep

import httpx2

from demo.seed import DEMO_PASSWORD
from tests.doubles.captcha_reader import read_digits
from tests.servers.installation import Installation
from tests.servers.visitor import NoSuchForm, Visitor

_LOOKS_EVERY_SECONDS = 1.0


class NobodyAsked(Exception):
    """The desk did not show that system's log-in in time."""


class NotSignedIn(Exception):
    """The portal asks who we are, or says that it can't answer just now."""


def log_in_at(installation: Installation, system: str, *, within_seconds: float = 60) -> None:
    """Sign in as a clerk, wait until the desk asks for the picture of `system`, read and type it.

    Raises:
        NobodyAsked: the desk never asked.
    """
    with closing(Visitor.come()) as clerk:
        clerk.sign_in(installation.base_url, "clerk", DEMO_PASSWORD)
        until = monotonic() + within_seconds
        while not _log_in_if_asked(clerk, installation, system):
            if monotonic() > until:
                raise NobodyAsked(system)
            sleep(0.2)


def _log_in_if_asked(clerk: Visitor, installation: Installation, system: str) -> bool:
    """Read and type the picture when the desk asks for it.

    Raises:
        NotSignedIn: this is not the desk.
    """
    page_of = f"{installation.base_url}/desk/log-ins/{system}"
    desk = clerk.get(f"{installation.base_url}/desk")
    if not desk.url.endswith("/desk") or desk.status != 200:
        raise NotSignedIn(desk.url)
    if not any(system in link for link in desk.links):
        return False
    page = clerk.get(page_of)
    picture = clerk.picture(f"{page_of}/picture")
    form = page.form(having="text")
    after = clerk.submit(page, form, {"text": read_digits(picture)})
    assert after.url.endswith("/desk"), after.text
    return True


@contextmanager
def somebody_at_the_desk(installation: Installation, system: str) -> Iterator[None]:
    """Have a clerk there who logs in at `system` whenever it is asked for, whatever else breaks, until the block ends."""
    going_home = threading.Event()
    person = threading.Thread(target=_stay, args=(installation, system, going_home))
    person.start()
    try:
        yield
    finally:
        going_home.set()
        person.join()


def _stay(installation: Installation, system: str, going_home: threading.Event) -> None:
    while not going_home.is_set():
        try:
            with closing(Visitor.come()) as clerk:
                clerk.sign_in(installation.base_url, "clerk", DEMO_PASSWORD)
                while not going_home.wait(_LOOKS_EVERY_SECONDS):
                    _log_in_if_asked(clerk, installation, system)
        except (httpx2.HTTPError, NoSuchForm, NotSignedIn, AssertionError):
            # OneWindow or the department is away just now, or the picture was replaced: sign in anew and look again.
            going_home.wait(_LOOKS_EVERY_SECONDS)
