"""What still depends on a system: counted before it is retired or its only version is taken out of service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """`waiting`: to be sent or looked up. `awaited`: the department decides, and the connector is to hear of it.
    `on_desk`: a person finds out, and it may have to be sent again. What people carry by hand throughout counts nowhere.
    """

    waiting: int = 0
    awaited: int = 0
    on_desk: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.awaited or self.on_desk)
