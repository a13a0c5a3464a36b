"""When Python looks for garbage: not while a process starts, and never again among what it started with.

Modules, routes, templates and statements make some 400,000 objects that live as long as the process. Looking through
them while they are made costs a tenth of the start; each full collection later stops every request for as long as it
takes, 50 to 90 ms on a busy machine (docs/performance.md).
"""

import gc


def put_off() -> None:
    """Collect nothing from now on; called first thing by a command that serves."""
    gc.disable()


def begin() -> None:
    """Collect from now on, leaving out what there is already; called once the process answers."""
    gc.freeze()
    gc.enable()
