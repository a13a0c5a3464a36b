"""What a process can be narrowed to."""

from enum import StrEnum


class Part(StrEnum):
    """What `serve --only` narrows a process to."""

    IDP = "idp"
    PORTAL = "portal"
