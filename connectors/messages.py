"""Sentences for people, marked for translation: `connectors/locale/en.po` holds the English of every marked one."""


def N_(message: str) -> str:  # noqa: N802  # the name gettext's tools know
    """Return the message itself; extraction finds it by this call."""
    return message
